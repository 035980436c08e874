#include "rpc/request_check.h"

#include <string>

#include "gtest/gtest.h"
#include "rpc/test_front.h"

namespace credential_broker::rpc {
namespace {

class RequestCheck : public testing::Test {
 protected:
  AcceptedRequest Accepted(const h2::RequestHead& head) {
    auto checked = CheckRequest(head, front_.router);
    if (const auto* refused = std::get_if<RefusedRequest>(&checked)) {
      ADD_FAILURE() << refused->status.ShortDebugString();
      return {};
    }
    return std::get<AcceptedRequest>(checked);
  }

  // "HTTP status, gRPC status: message"; empty: accepted.
  std::string Refused(const h2::RequestHead& head) {
    auto checked = CheckRequest(head, front_.router);
    const auto* refused = std::get_if<RefusedRequest>(&checked);
    if (refused == nullptr) {
      return "";
    }
    return std::string(refused->http_status) + ", " +
           absl::StatusCodeToString(static_cast<absl::StatusCode>(refused->status.code())) + ": " +
           refused->status.message();
  }

  static h2::RequestHead WithContentType(const std::string& value) {
    h2::RequestHead head = GrpcHead("/test.Kinds/One");
    head.headers.front().value = value;
    return head;
  }

  TestFront front_;
};

TEST_F(RequestCheck, AcceptsACall) {
  const AcceptedRequest accepted = Accepted(GrpcHead("/test.Kinds/One"));
  EXPECT_EQ(accepted.method, front_.router.Find("/test.Kinds/One"));
  EXPECT_EQ(accepted.timeout, std::nullopt);
}

TEST_F(RequestCheck, ReadsTheTimeout) {
  EXPECT_EQ(Accepted(GrpcHead("/test.Kinds/One", {{"grpc-timeout", "5S"}})).timeout,
            absl::Seconds(5));
}

TEST_F(RequestCheck, AcceptsContentTypesOfProto) {
  for (const char* value :
       {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
        "application/grpc+proto; x=y", "application/grpc ; x", "Application/GRPC+Proto"}) {
    EXPECT_EQ(Refused(WithContentType(value)), "") << value;
  }
}

TEST_F(RequestCheck, OtherContentTypesAre415) {
  for (const char* value : {"", "image/jpeg", "application/json", "application/grpc-web",
                            "application/grpc-web+proto", "application/grpcx", "application/grp"}) {
    EXPECT_EQ(Refused(WithContentType(value)),
              std::string("415, UNKNOWN: content-type \"") + value + "\": send application/grpc");
  }
  h2::RequestHead none = GrpcHead("/test.Kinds/One");
  none.headers.erase(none.headers.begin());
  EXPECT_EQ(Refused(none).substr(0, 12), "415, UNKNOWN");
}

TEST_F(RequestCheck, OtherMessageFormatsAreInternal) {
  EXPECT_EQ(Refused(WithContentType("application/grpc+json")),
            "200, INTERNAL: content-type application/grpc+json: messages are taken as "
            "application/grpc+proto only");
}

TEST_F(RequestCheck, OtherMethodsAre405) {
  h2::RequestHead head = GrpcHead("/test.Kinds/One");
  head.method = "GET";
  EXPECT_EQ(Refused(head), "405, UNKNOWN: method GET: gRPC calls are POST");
}

TEST_F(RequestCheck, WithoutTeTrailersIsInternal) {
  h2::RequestHead head = GrpcHead("/test.Kinds/One");
  head.headers.pop_back();
  EXPECT_EQ(Refused(head).substr(0, 44), "200, INTERNAL: the request has no \"te: trail");
}

TEST_F(RequestCheck, TooLargeAHeaderListIsResourceExhausted) {
  h2::RequestHead head;  // cut short: nothing else is there to judge
  head.too_large = true;
  EXPECT_EQ(Refused(head),
            "200, RESOURCE_EXHAUSTED: the request's header list is larger than this server takes");
}

TEST_F(RequestCheck, AnUnknownMethodIsUnimplementedAndNamed) {
  EXPECT_EQ(Refused(GrpcHead("/test.Kinds/Two")),
            "200, UNIMPLEMENTED: unknown method /test.Kinds/Two");
  EXPECT_EQ(Refused(GrpcHead("*")), "200, UNIMPLEMENTED: unknown method *");
}

TEST_F(RequestCheck, RepeatsOnlyTheBeginningOfALongPath) {
  EXPECT_LT(Refused(GrpcHead("/" + std::string(8000, 'x'))).size(), 300U);
}

TEST_F(RequestCheck, AnotherEncodingIsUnimplementedAndTellsWhatIsTaken) {
  const h2::RequestHead head = GrpcHead("/test.Kinds/One", {{"grpc-encoding", "gzip"}});
  EXPECT_EQ(Refused(head), "200, UNIMPLEMENTED: grpc-encoding gzip: only identity is taken");
  const auto checked = CheckRequest(head, front_.router);
  const auto& extra = std::get<RefusedRequest>(checked).extra;
  ASSERT_EQ(extra.size(), 1U);
  EXPECT_EQ(extra[0].name, "grpc-accept-encoding");
  EXPECT_EQ(extra[0].value, "identity");
  EXPECT_EQ(Refused(GrpcHead("/test.Kinds/One", {{"grpc-encoding", "identity"}})), "");
}

TEST_F(RequestCheck, AMalformedTimeoutIsInternal) {
  EXPECT_EQ(Refused(GrpcHead("/test.Kinds/One", {{"grpc-timeout", "soon"}})).substr(0, 38),
            "200, INTERNAL: grpc-timeout \"soon\" is ");
}

TEST_F(RequestCheck, BinaryMetadataThatIsNotBase64IsInternal) {
  EXPECT_EQ(Refused(GrpcHead("/test.Kinds/One", {{"k-bin", "a!"}})),
            "200, INTERNAL: the value of the metadata k-bin is not base64");
  EXPECT_EQ(Refused(GrpcHead("/test.Kinds/One", {{"k-bin", "YQ==,YQ"}})), "");
}

}  // namespace
}  // namespace credential_broker::rpc
