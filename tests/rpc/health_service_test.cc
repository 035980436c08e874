#include "rpc/health_service.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "grpc/health/v1/health.pb.h"
#include "gtest/gtest.h"
#include "rpc/message_reader.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::testing::ElementsAre;

class Health : public testing::Test {
 protected:
  Health() { health_.AddTo(router_); }

  TestRequest Ask(const std::string& method) {
    return TestRequest(application_, loop_, GrpcHead("/grpc.health.v1.Health/" + method));
  }
  static void Send(TestRequest& request, const std::string& service) {
    HealthCheckRequest message;
    message.set_service(service);
    request.Data(Frame(message.SerializeAsString()));
    request.End();
  }
  // The statuses that the client has received.
  static std::vector<std::string> Statuses(TestRequest& request) {
    MessageReader reader(1000);
    reader.Feed(request.stream().received);
    std::vector<std::string> statuses;
    while (auto message = *reader.Next()) {
      HealthCheckResponse response;
      EXPECT_TRUE(response.ParseFromString(std::string(*message)));
      statuses.push_back(HealthCheckResponse::ServingStatus_Name(response.status()));
    }
    return statuses;
  }

  std::shared_ptr<FakeLoop> loop_owner_ = std::make_shared<FakeLoop>();
  FakeLoop& loop_ = *loop_owner_;
  HealthService health_;
  Router router_;
  GrpcApplication application_{router_, loop_};
};

TEST_F(Health, CheckTellsTheStatus) {
  health_.Set("", ServingStatus::kServing);
  health_.Set("a", ServingStatus::kNotServing);
  health_.Set("b", ServingStatus::kUnknown);
  for (auto [service, expected] :
       {std::pair{"", "SERVING"}, {"a", "NOT_SERVING"}, {"b", "UNKNOWN"}}) {
    TestRequest request = Ask("Check");
    Send(request, service);
    EXPECT_THAT(Statuses(request), ElementsAre(expected));
    EXPECT_EQ(request.status(), "0");
  }
}

TEST_F(Health, CheckOfAnUnknownServiceIsNotFound) {
  TestRequest request = Ask("Check");
  Send(request, "x");
  EXPECT_EQ(request.status(), "5");
}

TEST_F(Health, WatchTellsTheStatusAndEachChange) {
  health_.Set("a", ServingStatus::kServing);
  TestRequest request = Ask("Watch");
  Send(request, "a");
  EXPECT_THAT(Statuses(request), ElementsAre("SERVING"));
  health_.Set("other", ServingStatus::kNotServing);
  health_.Set("a", ServingStatus::kServing);
  loop_.RunPosted();
  EXPECT_THAT(Statuses(request), ElementsAre("SERVING")) << "no news";
  health_.Set("a", ServingStatus::kNotServing);
  loop_.RunPosted();
  EXPECT_THAT(Statuses(request), ElementsAre("SERVING", "NOT_SERVING"));
  EXPECT_FALSE(request.stream().ended());
}

TEST_F(Health, WatchOfAnUnknownServiceWaitsForIt) {
  TestRequest request = Ask("Watch");
  Send(request, "a");
  EXPECT_THAT(Statuses(request), ElementsAre("SERVICE_UNKNOWN"));
  health_.Set("a", ServingStatus::kServing);
  loop_.RunPosted();
  EXPECT_THAT(Statuses(request), ElementsAre("SERVICE_UNKNOWN", "SERVING"));
}

TEST_F(Health, WatchKeepsTheLatestOnlyForAClientThatDoesNotRead) {
  TestRequest request = Ask("Watch");
  request.stream().CloseWindow();
  Send(request, "a");
  const std::size_t one_message = request.stream().unsent_bytes();
  for (int i = 0; i < 1000; ++i) {
    health_.Set("a", i % 2 == 0 ? ServingStatus::kServing : ServingStatus::kNotServing);
    loop_.RunPosted();
  }
  EXPECT_EQ(request.stream().unsent_bytes(), one_message);
  request.Take(1000);
  EXPECT_THAT(Statuses(request), ElementsAre("SERVICE_UNKNOWN", "NOT_SERVING"));
}

TEST_F(Health, AWatchThatIsOverIsForgotten) {
  // Each may have the address of the one before, by which watches are known.
  for (const ServingStatus status :
       {ServingStatus::kNotServing, ServingStatus::kServing, ServingStatus::kNotServing}) {
    TestRequest request = Ask("Watch");
    Send(request, "a");
    health_.Set("a", status);
    EXPECT_EQ(loop_.posted(), 1U);
    loop_.RunPosted();
    EXPECT_EQ(Statuses(request).size(), 2U) << "what it was, and the change";
  }
  health_.Set("a", ServingStatus::kServing);
  EXPECT_EQ(loop_.posted(), 0U);
}

TEST_F(Health, ShutdownTellsWatchesAndEndsThem) {
  health_.Set("a", ServingStatus::kServing);
  TestRequest request = Ask("Watch");
  Send(request, "a");
  health_.Shutdown();
  health_.Set("a", ServingStatus::kServing);
  loop_.RunPosted();
  EXPECT_THAT(Statuses(request), ElementsAre("SERVING", "NOT_SERVING"));
  EXPECT_EQ(request.status(), "14");
  TestRequest check = Ask("Check");
  Send(check, "a");
  EXPECT_THAT(Statuses(check), ElementsAre("NOT_SERVING"));
}

TEST_F(Health, NamesThatNoServiceHasAreNotKept) {
  // A hundred streams a connection might each hold one.
  for (const char* method : {"Check", "Watch"}) {
    TestRequest request = Ask(method);
    Send(request, std::string(1025, 'n'));
    EXPECT_EQ(request.status(), "8") << method;
  }
}

TEST_F(Health, WatchOfSomethingElseThanARequestIsInternal) {
  TestRequest request = Ask("Watch");
  request.Data(Frame("\xff\xff"));
  request.End();
  EXPECT_EQ(request.status(), "13");
}

TEST_F(Health, IsSetFromManyThreadsWhileWatchesComeAndGo) {
  TestRequest stays = Ask("Watch");
  Send(stays, "a");
  std::vector<std::thread> threads(3);
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      for (int n = 0; n < 200; ++n) {
        health_.Set("a", n % 2 == 0 ? ServingStatus::kServing : ServingStatus::kNotServing);
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    TestRequest request = Ask("Watch");
    Send(request, "a");
    loop_.RunPosted();
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  loop_.RunPosted();
  TestRequest check = Ask("Check");
  Send(check, "a");
  EXPECT_EQ(Statuses(stays).back(), Statuses(check).back())
      << "the latest, whichever thread set it";
}

}  // namespace
}  // namespace credential_broker::rpc
