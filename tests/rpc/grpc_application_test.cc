#include "rpc/grpc_application.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/status.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void Echo(Call& call, std::string_view message) {
  call.SendMessage(std::string(message));
  call.FinishOk();
}

TEST(GrpcApplication, AnswersAUnaryCall) {
  TestFront front;
  front.script.on_message = Echo;
  TestRequest request = front.Call("One");
  request.Data(Frame("hello"));
  EXPECT_FALSE(request.stream().ended()) << "the request may have a second message yet";
  request.End();
  EXPECT_EQ(request.stream().received, Frame("hello"));
  EXPECT_EQ(request.stream().frames, 1) << "prefix and message are one frame";
  EXPECT_EQ(request.stream().Header(":status"), "200");
  EXPECT_EQ(request.stream().Header("content-type"), "application/grpc");
  EXPECT_EQ(request.status(), "0");
  EXPECT_EQ(request.stream().trailers().size(), 1U);
  EXPECT_EQ(request.stream().consumed, Frame("hello").size());
}

TEST(GrpcApplication, TakesAMessageInAnyPieces) {
  TestFront front;
  front.script.on_message = Echo;
  TestRequest request = front.Call("One");
  for (char byte : Frame("hello")) {
    request.Data(std::string_view(&byte, 1));
  }
  request.End();
  EXPECT_EQ(request.stream().received, Frame("hello"));
}

TEST(GrpcApplication, TakesAnEmptyMessage) {
  TestFront front;
  front.script.on_message = Echo;
  TestRequest request = front.Call("One");
  request.Data(Frame(""));
  request.End();
  EXPECT_EQ(request.stream().received, Frame(""));
  EXPECT_EQ(request.status(), "0");
}

class OneMessageMethods : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, OneMessageMethods, testing::Values("One", "Down"));

TEST_P(OneMessageMethods, NoMessageIsUnimplemented) {
  TestFront front;
  TestRequest request = front.Call(GetParam());
  request.End();
  EXPECT_EQ(request.status(), "12");
  EXPECT_THAT(request.message(), HasSubstr("exactly one message, not none"));
  EXPECT_EQ(front.log.destroyed, 1);
}

TEST_P(OneMessageMethods, TwoMessagesAreUnimplementedOnceTheClientHasHalfClosed) {
  TestFront front;
  front.script.on_message = Echo;
  TestRequest request = front.Call(GetParam());
  request.Data(Frame("one") + Frame("two"));
  EXPECT_FALSE(request.stream().ended());
  request.End();
  EXPECT_EQ(request.status(), "12");
  EXPECT_THAT(front.log.messages, IsEmpty());
}

class AllMethods : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, AllMethods, testing::Values("One", "Down", "Up", "Both"));

TEST_P(AllMethods, ATruncatedMessageIsInternal) {
  TestFront front;
  TestRequest request = front.Call(GetParam());
  request.Data(Frame("truncated").substr(0, 7));
  request.End();
  EXPECT_EQ(request.status(), "13");
  EXPECT_EQ(front.log.half_closes, 0);
}

TEST_P(AllMethods, ATruncatedPrefixIsInternal) {
  TestFront front;
  TestRequest request = front.Call(GetParam());
  request.Data(Frame("truncated").substr(0, 3));
  request.End();
  EXPECT_EQ(request.status(), "13");
}

TEST_P(AllMethods, ACompressedMessageWithoutAnEncodingIsInternalAtOnce) {
  TestFront front;
  TestRequest request = front.Call(GetParam());
  request.Data(Frame("x", 1));
  EXPECT_EQ(request.status(), "13");
}

TEST_P(AllMethods, TooLargeAMessageIsResourceExhaustedByItsPrefix) {
  TestFront front({.max_message = 10});
  TestRequest request = front.Call(GetParam());
  request.Data(Frame(std::string(11, 'x')).substr(0, 5));
  EXPECT_EQ(request.status(), "8");
  EXPECT_EQ(front.log.destroyed, 1) << "the handler is not kept waiting";
  request.Data("xxxxxxxxxxx");
  request.End();
  EXPECT_EQ(request.stream().consumed, 16U);
}

TEST_P(AllMethods, HandsOverAMessageAtTheLimit) {
  TestFront front({.max_message = 10});
  TestRequest request = front.Call(GetParam());
  request.Data(Frame(std::string(10, 'x')));
  request.End();
  EXPECT_THAT(front.log.messages, ElementsAre("xxxxxxxxxx"));
  EXPECT_EQ(front.log.half_closes, 1);
}

TEST(GrpcApplication, HandsOverStreamedMessagesAsTheyCome) {
  TestFront front;
  TestRequest request = front.Call("Up");
  request.Data(Frame("one") + Frame("two") + Frame("three").substr(0, 4));
  EXPECT_THAT(front.log.messages, ElementsAre("one", "two"));
  request.Data(Frame("three").substr(4));
  EXPECT_THAT(front.log.messages, ElementsAre("one", "two", "three"));
  EXPECT_EQ(front.log.half_closes, 0);
  request.End();
  EXPECT_EQ(front.log.half_closes, 1);
}

TEST(GrpcApplication, AClientStreamOfNoMessagesIsValid) {
  TestFront front;
  front.script.on_half_close = [](Call& call) { Echo(call, "none"); };
  TestRequest request = front.Call("Up");
  request.End();
  EXPECT_EQ(request.stream().received, Frame("none"));
  EXPECT_EQ(request.status(), "0");
}

TEST(GrpcApplication, StopsHandingOverMessagesOnceTheCallIsFinished) {
  TestFront front;
  front.script.on_message = Echo;
  TestRequest request = front.Call("Both");
  request.Data(Frame("one") + Frame("two"));
  request.Data(Frame("three"));
  request.End();
  EXPECT_THAT(front.log.messages, ElementsAre("one"));
  EXPECT_EQ(front.log.half_closes, 0);
  EXPECT_EQ(request.stream().consumed,
            Frame("one").size() + Frame("two").size() + Frame("three").size());
}

TEST(GrpcApplication, AnswersARefusedRequestWithOneHeaderSectionAndLetsItsBodyGoBy) {
  TestFront front;
  TestRequest request = front.Request(GrpcHead("/test.Kinds/Two"));
  EXPECT_TRUE(request.stream().headers_only);
  EXPECT_EQ(request.stream().Trailer(":status"), "200");
  EXPECT_EQ(request.stream().Trailer("content-type"), "application/grpc");
  EXPECT_EQ(request.status(), "12");
  EXPECT_EQ(request.message(), "unknown method /test.Kinds/Two");
  request.Data("anything");
  request.End();
  EXPECT_EQ(request.stream().consumed, 8U);
  EXPECT_EQ(front.log.made, 0);
}

TEST(GrpcApplication, AnswersAnUnknownEncodingWithTheOneThatIsTaken) {
  TestFront front;
  TestRequest request = front.Call("One", {{"grpc-encoding", "zstd"}});
  EXPECT_EQ(request.status(), "12");
  EXPECT_EQ(request.stream().Trailer("grpc-accept-encoding"), "identity");
}

TEST(GrpcApplication, AnswersOtherHttpMethodsWith405AndAllow) {
  TestFront front;
  h2::RequestHead head = GrpcHead("/test.Kinds/One");
  head.method = "DELETE";
  TestRequest request = front.Request(std::move(head));
  EXPECT_EQ(request.stream().Trailer(":status"), "405");
  EXPECT_EQ(request.stream().Trailer("allow"), "POST");
}

TEST(GrpcApplication, ClosingTheStreamDestroysTheHandler) {
  TestFront front;
  TestRequest request = front.Call("Both");
  request.Data(Frame("one"));
  EXPECT_EQ(front.log.destroyed, 0);
  request.Close();
  EXPECT_EQ(front.log.destroyed, 1);
}

TEST(GrpcApplication, WhatAHandlerSendsWhileItIsDestroyedGoesNowhere) {
  TestFront front;
  front.script.on_destroyed = [](Call& call) {
    call.SendInitialMetadata({});
    call.SendMessage("late");
    call.FinishOk();
    call.Ref()->Post([](Call&) { FAIL() << "the call is over"; });
  };
  TestRequest request = front.Call("Both");
  request.Close();
  front.loop.RunPosted();
  EXPECT_FALSE(request.stream().ended());
  EXPECT_EQ(request.stream().received, "");
  EXPECT_EQ(front.log.destroyed, 1);
}

TEST(GrpcApplication, AFactoryMayFinishTheCallAndReturnNoHandler) {
  FakeLoop loop;
  Router router;
  router.Add(TestService(), "Both", [](Call& call) -> std::unique_ptr<CallHandler> {
    call.Finish(MakeStatus(absl::StatusCode::kPermissionDenied, "not you"));
    return nullptr;
  });
  GrpcApplication front(router, loop);
  TestRequest request(front, loop, GrpcHead("/test.Kinds/Both"));
  request.Data(Frame("x"));
  request.End();
  request.Take(0);
  EXPECT_EQ(request.status(), "7");
  EXPECT_EQ(request.stream().consumed, Frame("x").size());
}

TEST(GrpcApplication, AFactoryThatReturnsNothingIsInternal) {
  FakeLoop loop;
  Router router;
  router.Add(TestService(), "One", [](Call&) { return nullptr; });
  GrpcApplication front(router, loop);
  TestRequest request(front, loop, GrpcHead("/test.Kinds/One"));
  EXPECT_EQ(request.status(), "13");
}

TEST(GrpcApplication, TellsTheObserverOfEachCallOnce) {
  TestFront front;
  front.script.on_message = [&](Call& call, std::string_view) {
    front.loop.Advance(absl::Milliseconds(3));
    call.Finish(MakeStatus(absl::StatusCode::kNotFound, "no"));
  };
  {
    TestRequest request = front.Call("One");
    request.Data(Frame("x"));
    request.End();
  }
  {
    TestRequest request = front.Call("Both");
    front.loop.Advance(absl::Seconds(1));
  }
  TestRequest unknown = front.Call("Three");
  EXPECT_THAT(front.observer.events, ElementsAre("started One", "finished One NOT_FOUND 3ms",
                                                 "started Both", "finished Both CANCELLED 1s"));
}

}  // namespace
}  // namespace credential_broker::rpc
