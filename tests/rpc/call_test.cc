#include "rpc/call.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/any.pb.h"
#include "gtest/gtest.h"
#include "rpc/status.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"
#include "rpc/wire_text.h"

namespace credential_broker::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;

// A bidirectional call of a front whose handler does nothing by itself.
class OpenCall : public testing::Test {
 protected:
  Call& call() { return *front_.log.call; }
  FakeStream& stream() { return request_.stream(); }

  TestFront front_;
  TestRequest request_ =
      front_.Call("Both", {{"grpc-timeout", "10S"}, {"user-agent", "t"}, {"k-bin", "YQ"}});
};

TEST(FrameMessage, HasFlagsAndBigEndianLength) {
  EXPECT_EQ(*FrameMessage("abc"), std::string("\0\0\0\0\x03"
                                              "abc",
                                              8));
  EXPECT_EQ(FrameMessage(std::string(0x010203, 'x'))->substr(0, 5), std::string("\0\0\1\2\3", 5));
}

TEST_F(OpenCall, TellsWhatTheClientSent) {
  EXPECT_EQ(call().peer().address, "192.0.2.1:50123");
  EXPECT_THAT(call().metadata(),
              ElementsAre(FieldsAre("user-agent", "t"), FieldsAre("k-bin", "a")));
  EXPECT_EQ(call().metadata("k-bin"), "a");
  EXPECT_EQ(call().metadata("te"), std::nullopt);
  EXPECT_EQ(call().timeout(), absl::Seconds(10));
  EXPECT_EQ(call().deadline(), front_.loop.Now() + absl::Seconds(10));
}

TEST(Call, WithoutATimeoutHasNoDeadline) {
  TestFront front;
  TestRequest request = front.Call("Both");
  EXPECT_EQ(front.log.call->timeout(), std::nullopt);
  EXPECT_EQ(front.log.call->deadline(), BootTime::InfiniteFuture());
}

TEST_F(OpenCall, SendsInitialMetadataAtOnceAndOnce) {
  call().SendInitialMetadata({{"a", "1"}, {"a", "2"}, {"k-bin", "ab"}});
  call().SendInitialMetadata({{"b", "late"}});
  EXPECT_THAT(
      stream().headers(),
      ElementsAre(FieldsAre(":status", "200"), FieldsAre("content-type", "application/grpc"),
                  FieldsAre("a", "1"), FieldsAre("a", "2"), FieldsAre("k-bin", "YWI")));
}

TEST_F(OpenCall, LowerCasesNamesAndLeavesOutWhatHttp2Forbids) {
  call().SendInitialMetadata({{"X-Upper", "ok"},
                              {"", "no name"},
                              {":status", "500"},
                              {"Grpc-Status", "0"},
                              {"content-type", "text/html"},
                              {"sp ace", "x"},
                              {"ctl", "a\r\nb"},
                              {"utf8", "\xc3\xa9"},
                              {"blank", " x "}});
  EXPECT_THAT(
      stream().headers(),
      ElementsAre(FieldsAre(":status", "200"), FieldsAre("content-type", "application/grpc"),
                  FieldsAre("x-upper", "ok"), FieldsAre("blank", " x ")));
}

TEST_F(OpenCall, SendsMessagesOfAllForms) {
  call().SendMessage("one");
  call().SendFramed(FrameMessage("two"));
  call().SendFramed(Frame("three"));
  EXPECT_EQ(stream().headers().size(), 2U);
  EXPECT_EQ(stream().received, Frame("one") + Frame("two") + Frame("three"));
  EXPECT_FALSE(stream().ended());
}

TEST_F(OpenCall, AnErrorBeforeAnythingWasSentIsOneHeaderSection) {
  call().Finish(MakeStatus(absl::StatusCode::kNotFound, "no such thing"), {{"t", "1"}});
  EXPECT_TRUE(stream().headers_only);
  EXPECT_THAT(
      stream().trailers(),
      ElementsAre(FieldsAre(":status", "200"), FieldsAre("content-type", "application/grpc"),
                  FieldsAre("grpc-status", "5"), FieldsAre("grpc-message", "no such thing"),
                  FieldsAre("t", "1")));
}

TEST_F(OpenCall, AnErrorAfterInitialMetadataIsHeadersThenTrailers) {
  call().SendInitialMetadata({{"a", "1"}});
  call().Finish(MakeStatus(absl::StatusCode::kNotFound, "gone"));
  EXPECT_FALSE(stream().headers_only);
  EXPECT_EQ(stream().Header("a"), "1");
  EXPECT_THAT(stream().trailers(),
              ElementsAre(FieldsAre("grpc-status", "5"), FieldsAre("grpc-message", "gone")));
}

TEST_F(OpenCall, AnErrorAfterMessagesIsInTheTrailers) {
  call().SendMessage("one");
  call().Finish(MakeStatus(absl::StatusCode::kAborted, ""), {{"T-Bin", "\x01"}});
  EXPECT_EQ(stream().received, Frame("one"));
  EXPECT_THAT(stream().trailers(),
              ElementsAre(FieldsAre("grpc-status", "10"), FieldsAre("t-bin", "AQ")));
}

TEST_F(OpenCall, FinishesWithOkAndTrailers) {
  call().SendMessage("one");
  call().Finish({}, {{"t", "1"}});
  EXPECT_THAT(stream().trailers(), ElementsAre(FieldsAre("grpc-status", "0"), FieldsAre("t", "1")));
}

TEST_F(OpenCall, EncodesTheMessageOfAnError) {
  call().Finish(MakeStatus(absl::StatusCode::kUnknown, "\ttest \xe2\x98\xba 100%\n"));
  EXPECT_EQ(request_.message(), "%09test %E2%98%BA 100%25%0A");
}

TEST_F(OpenCall, SendsDetailsInUnpaddedBase64) {
  google::rpc::Status status = MakeStatus(absl::StatusCode::kInternal, "m");
  status.add_details()->set_type_url("type.googleapis.com/x.Y");
  call().Finish(status);
  const std::string details = stream().Trailer("grpc-status-details-bin").value_or("");
  EXPECT_EQ(details.find('='), std::string::npos);
  google::rpc::Status decoded;
  ASSERT_TRUE(decoded.ParseFromString(DecodeBinary(details).value_or("?")));
  EXPECT_EQ(decoded.code(), 13);
  EXPECT_EQ(decoded.message(), "m");
  ASSERT_EQ(decoded.details_size(), 1);
  EXPECT_EQ(decoded.details(0).type_url(), "type.googleapis.com/x.Y");
}

TEST(Call, CodesThatGrpcDoesNotKnowBecomeUnknown) {
  for (int code : {-1, 17, 1000}) {
    TestFront front;
    TestRequest request = front.Call("Both");
    google::rpc::Status status;
    status.set_code(code);
    front.log.call->Finish(status);
    EXPECT_EQ(request.status(), "2") << code;
    EXPECT_EQ(front.observer.events.back(), "finished Both UNKNOWN 0");
  }
}

TEST_F(OpenCall, NothingGoesOutAfterFinish) {
  call().Finish(MakeStatus(absl::StatusCode::kNotFound, "first"));
  call().SendInitialMetadata({{"a", "1"}});
  call().SendMessage("late");
  call().SendFramed(FrameMessage("late"));
  call().SendFramed(Frame("late"));
  call().FinishOk();
  EXPECT_EQ(request_.status(), "5");
  EXPECT_EQ(stream().received, "");
  EXPECT_EQ(stream().misuse, 0);
}

}  // namespace
}  // namespace credential_broker::rpc
