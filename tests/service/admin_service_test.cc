#include "service/admin_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rpc/router.h"
#include "service/fakes.h"
#include "support/fake_clock.h"

namespace credential_broker::service {
namespace {

namespace api = ::investsuite::credentialbroker::v1;
using ::testing::ElementsAre;

class AdminServiceTest : public testing::Test {
 protected:
  AdminServiceTest() {
    service_.AddTo(router_);
    Peer peer;
    peer.address = "unix";
    peer.unix_uid = 0;
    call_.set_peer(peer);
  }

  void Refresh(const std::string& name = "") {
    const rpc::Method* method = router_.Find(
        "/investsuite.credentialbroker.v1.CredentialBrokerAdminService/RefreshCredential");
    ASSERT_NE(method, nullptr);
    handler_ = method->factory(call_);
    api::RefreshCredentialRequest request;
    request.set_credential(name);
    handler_->OnMessage(request.SerializeAsString());
  }

  FakeClock clock_;
  std::shared_ptr<FakeCredential> credential_ = std::make_shared<FakeCredential>();
  // Nobody may use it: the admin service asks no rule.
  CurrentCredentials credentials_{CredentialSet({{"default", credential_}}, AccessPolicy({}))};
  RecordedAudit audit_;
  AdminService service_{credentials_, audit_};
  rpc::Router router_;
  FakeCall call_;
  std::unique_ptr<rpc::CallHandler> handler_;
};

TEST_F(AdminServiceTest, AnswersWithTheStateAfterTheRefresh) {
  Refresh();
  EXPECT_FALSE(call_.finished().has_value());
  credential_->status.name = "default";
  credential_->status.state = CredentialState::kReady;
  credential_->status.version = "v2";
  std::move(credential_->refreshing)(TokenPtr(MakeToken(clock_, "secret-token", "v2")));
  EXPECT_FALSE(call_.finished().has_value()) << "that is for the call's loop to do";
  call_.RunPosted();
  ASSERT_TRUE(call_.finished().has_value());
  EXPECT_EQ(call_.finished()->code(), 0);
  api::RefreshCredentialResponse response;
  ASSERT_TRUE(response.ParseFromString(call_.messages().at(0)));
  EXPECT_EQ(response.credential().version(), "v2");
  EXPECT_EQ(call_.messages().at(0).find("secret-token"), std::string::npos);
  EXPECT_THAT(audit_.refreshed, ElementsAre("unix:uid:0 default OK"));
}

TEST_F(AdminServiceTest, TellsWhyThereIsNoNewToken) {
  Refresh("default");
  std::move(credential_->refreshing)(
      MakeError(Reason::kRefreshCooldown, "a moment ago", absl::Seconds(7)));
  call_.RunPosted();
  EXPECT_EQ(call_.finished()->code(), static_cast<int>(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorInfoOf(*call_.finished()).reason(), "REFRESH_COOLDOWN");
  EXPECT_EQ(RetryDelayOf(*call_.finished())->seconds(), 7);
  EXPECT_THAT(audit_.refreshed, ElementsAre("unix:uid:0 default REFRESH_COOLDOWN"));
}

TEST_F(AdminServiceTest, AnUnknownNameIsNotFoundAndRecorded) {
  Refresh("nowhere");
  EXPECT_EQ(call_.finished()->code(), static_cast<int>(absl::StatusCode::kNotFound));
  EXPECT_EQ(ErrorInfoOf(*call_.finished()).reason(), "CREDENTIAL_NOT_FOUND");
  EXPECT_EQ(credential_->refreshes, 0);
  EXPECT_THAT(audit_.refreshed, ElementsAre("unix:uid:0 nowhere CREDENTIAL_NOT_FOUND"));
}

TEST_F(AdminServiceTest, ACallThatIsOverWithdraws) {
  Refresh();
  handler_.reset();
  EXPECT_EQ(credential_->withdrawn, 1);
}

}  // namespace
}  // namespace credential_broker::service
