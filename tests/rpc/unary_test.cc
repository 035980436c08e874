#include "rpc/unary.h"

#include <memory>
#include <string>

#include "grpc/health/v1/health.pb.h"
#include "gtest/gtest.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

using ::grpc::health::v1::HealthCheckRequest;

class Work : public PendingWork {
 public:
  explicit Work(int& alive) : alive_(alive) { ++alive_; }
  ~Work() override { --alive_; }

 private:
  int& alive_;
};

class UnaryMethod : public testing::Test {
 protected:
  UnaryMethod() {
    router_.Add(TestService(), "One",
                Unary<HealthCheckRequest>([this](Call& call, const HealthCheckRequest& request) {
                  return Serve(call, request);
                }));
  }

  std::unique_ptr<PendingWork> Serve(Call& call, const HealthCheckRequest& request) {
    ++served_;
    if (request.service() == "later") {
      ref_ = call.Ref();
      return std::make_unique<Work>(work_alive_);
    }
    Reply(call, request);
    return nullptr;
  }

  static std::string Named(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return request.SerializeAsString();
  }

  std::shared_ptr<FakeLoop> loop_owner_ = std::make_shared<FakeLoop>();
  FakeLoop& loop_ = *loop_owner_;
  Router router_;
  GrpcApplication application_{router_, loop_};
  int served_ = 0;
  int work_alive_ = 0;
  std::shared_ptr<CallRef> ref_;
};

TEST_F(UnaryMethod, RepliesAtOnce) {
  TestRequest request(application_, loop_, GrpcHead("/test.Kinds/One"));
  request.Data(Frame(Named("x")));
  request.End();
  EXPECT_EQ(request.stream().received, Frame(Named("x")));
  EXPECT_EQ(request.stream().frames, 1);
  EXPECT_EQ(request.status(), "0");
}

TEST_F(UnaryMethod, RepliesLaterAndKeepsItsWorkUntilTheCallIsOver) {
  {
    TestRequest request(application_, loop_, GrpcHead("/test.Kinds/One"));
    request.Data(Frame(Named("later")));
    request.End();
    EXPECT_EQ(work_alive_, 1);
    HealthCheckRequest response;
    response.set_service("done");
    ref_->Post([response](Call& call) { Reply(call, response); });
    loop_.RunPosted();
    EXPECT_EQ(request.stream().received, Frame(Named("done")));
    EXPECT_EQ(request.status(), "0");
  }
  EXPECT_EQ(work_alive_, 0);
}

TEST_F(UnaryMethod, DropsItsWorkWhenTheClientGoesAway) {
  TestRequest request(application_, loop_, GrpcHead("/test.Kinds/One"));
  request.Data(Frame(Named("later")));
  request.End();
  request.Close();
  EXPECT_EQ(work_alive_, 0);
}

TEST_F(UnaryMethod, DropsItsWorkAtTheDeadline) {
  TestRequest request(application_, loop_, GrpcHead("/test.Kinds/One", {{"grpc-timeout", "1S"}}));
  request.Data(Frame(Named("later")));
  request.End();
  loop_.Advance(absl::Seconds(1));
  EXPECT_EQ(work_alive_, 0);
  EXPECT_EQ(request.status(), "4");
}

TEST_F(UnaryMethod, ARequestThatDoesNotParseIsInternal) {
  TestRequest request(application_, loop_, GrpcHead("/test.Kinds/One"));
  request.Data(Frame("\xff\xff"));
  request.End();
  EXPECT_EQ(request.status(), "13");
  EXPECT_EQ(request.message(), "the request is not a grpc.health.v1.HealthCheckRequest");
  EXPECT_EQ(served_, 0);
}

}  // namespace
}  // namespace credential_broker::rpc
