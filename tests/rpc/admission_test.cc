#include "rpc/admission.h"

#include <memory>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "rpc/health_service.h"
#include "rpc/message_reader.h"
#include "rpc/reflection_service.h"
#include "rpc/status.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

// Allows so many messages.
class CountingAdmission : public Admission {
 public:
  std::optional<google::rpc::Status> CountCall(const Peer& /*peer*/) override {
    ++counted;
    if (counted <= allowed) {
      return std::nullopt;
    }
    return MakeStatus(absl::StatusCode::kResourceExhausted, "too often");
  }
  google::rpc::Status TooManyStreams(const Peer& peer) override {
    return MakeStatus(absl::StatusCode::kResourceExhausted, "too many of " + peer.address);
  }
  int counted = 0;
  int allowed = 0;
};

class AdmissionTest : public testing::Test {
 protected:
  AdmissionTest() {
    health_.Set("", ServingStatus::kServing);
    health_.AddTo(router_);
    AddReflection(router_);
    router_.Add(TestService(), "One", [this](Call& call) {
      return std::make_unique<ScriptedHandler>(call, log_, script_);
    });
  }
  TestRequest Open(const std::string& path) {
    return TestRequest(application_, loop_, GrpcHead(path));
  }

  FakeLoop loop_;
  HealthService health_;
  HandlerLog log_;
  ScriptedHandler::Script script_;
  Router router_;
  CountingAdmission admission_;
  GrpcApplication application_{router_, loop_, nullptr, &admission_};
};

TEST_F(AdmissionTest, HealthIsRefusedBeyondTheRate) {
  admission_.allowed = 2;
  for (const char* expected : {"0", "0", "8"}) {
    TestRequest check = Open("/grpc.health.v1.Health/Check");
    check.Data(Frame(""));
    check.End();
    EXPECT_EQ(check.status(), expected);
  }
  TestRequest watch = Open("/grpc.health.v1.Health/Watch");
  watch.Data(Frame(""));
  watch.End();
  EXPECT_EQ(watch.status(), "8");
}

TEST_F(AdmissionTest, EachQuestionToReflectionCounts) {
  admission_.allowed = 2;
  TestRequest stream = Open("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  const std::string list_services = Frame(std::string("\x3a\x00", 2));
  stream.Data(list_services + list_services);
  EXPECT_EQ(stream.status(), "");
  EXPECT_EQ(admission_.counted, 2);
  stream.Data(list_services + list_services);
  EXPECT_EQ(stream.status(), "8");
  EXPECT_EQ(admission_.counted, 3);
  stream.Data(list_services);
  EXPECT_EQ(admission_.counted, 3);
}

TEST_F(AdmissionTest, MethodsThatAuthenticateTheirCallersAreNotCounted) {
  TestRequest one = Open("/test.Kinds/One");
  one.Data(Frame(""));
  one.End();
  EXPECT_EQ(log_.messages.size(), 1U);
  EXPECT_EQ(admission_.counted, 0);
}

TEST_F(AdmissionTest, APrincipalWithTheMaximumOfStreamsIsRefused) {
  FakeStream stream(loop_);
  stream.full = true;
  const auto handler = application_.OnRequest(stream, GrpcHead("/grpc.health.v1.Health/Check"));
  EXPECT_EQ(stream.Trailer("grpc-status"), "8");
  EXPECT_EQ(stream.Trailer("grpc-message"), "too many of 192.0.2.1:50123");
  EXPECT_EQ(application_.counters().principals_full.value(), 1U);
  GrpcApplication without(router_, loop_);
  FakeStream other(loop_);
  other.full = true;
  const auto refused = without.OnRequest(other, GrpcHead("/grpc.health.v1.Health/Check"));
  EXPECT_EQ(other.Trailer("grpc-status"), "8");
}

}  // namespace
}  // namespace credential_broker::rpc
