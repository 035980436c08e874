#include "service/get_token.h"

#include <gtest/gtest.h>

#include "service/fakes.h"
#include "support/fake_clock.h"

namespace credential_broker::service {
namespace {

namespace api = ::investsuite::credentialbroker::v1;

class GetTokenTest : public testing::Test {
 protected:
  GetTokenTest()
      : credential_(std::make_shared<FakeCredential>()),
        credentials_(CredentialSet({{"default", credential_}},
                                   AccessPolicy({{"default", Patterns({"anonymous"})}}))) {}

  std::string FinishedReason() { return ErrorInfoOf(*call_.finished()).reason(); }

  FakeClock clock_;
  std::shared_ptr<FakeCredential> credential_;
  CurrentCredentials credentials_;
  RecordedAudit audit_;
  Gatekeeper gatekeeper_{credentials_, audit_};
  GetToken get_token_{gatekeeper_, clock_, absl::Seconds(5)};
  FakeCall call_;
};

TEST_F(GetTokenTest, AnswersAtOnceWithATokenThatIsThere) {
  credential_->known = TokenPtr(MakeToken(clock_, "the-token", "v7"));
  EXPECT_EQ(get_token_.Serve(call_, {}, "anonymous"), nullptr);
  ASSERT_EQ(call_.messages().size(), 1u);
  api::GetTokenResponse response;
  ASSERT_TRUE(response.ParseFromString(call_.messages()[0]));
  EXPECT_EQ(response.token().value(), "the-token");
  EXPECT_EQ(call_.finished()->code(), 0);
  EXPECT_EQ(credential_->waits, 0);
  ASSERT_EQ(audit_.issued.size(), 1u);
  EXPECT_EQ(audit_.issued[0].version, "v7");
}

TEST_F(GetTokenTest, PassesTheQueryOn) {
  credential_->known = TokenPtr(MakeToken(clock_, "t", "v"));
  api::GetTokenRequest request;
  request.mutable_min_validity()->set_seconds(60);
  request.set_rejected_version("v6");
  get_token_.Serve(call_, request, "anonymous");
  EXPECT_EQ(credential_->last_query.min_validity, absl::Seconds(60));
  EXPECT_EQ(credential_->last_query.rejected_version, "v6");
  EXPECT_EQ(credential_->last_query.give_up_at, clock_.Now() + absl::Seconds(5));
}

TEST_F(GetTokenTest, TheCallsOwnDeadlineBoundsTheWait) {
  credential_->known = TokenPtr(MakeToken(clock_, "t", "v"));
  call_.set_deadline(clock_.Now() + absl::Seconds(2));
  get_token_.Serve(call_, {}, "anonymous");
  EXPECT_EQ(credential_->last_query.give_up_at, clock_.Now() + absl::Seconds(2));
}

TEST_F(GetTokenTest, WaitsAndAnswersOnTheCallsLoop) {
  const auto work = get_token_.Serve(call_, {}, "anonymous");
  ASSERT_NE(work, nullptr);
  EXPECT_FALSE(call_.finished().has_value());
  std::move(credential_->waiting)(TokenPtr(MakeToken(clock_, "late", "v1")));
  EXPECT_FALSE(call_.finished().has_value());
  call_.RunPosted();
  ASSERT_TRUE(call_.finished().has_value());
  EXPECT_EQ(call_.finished()->code(), 0);
  EXPECT_EQ(call_.messages().size(), 1u);
}

TEST_F(GetTokenTest, ACallWhosePermissionIsWithdrawnWhileItWaitsGetsNoToken) {
  const auto work = get_token_.Serve(call_, {}, "anonymous");
  credentials_.Replace(std::make_shared<const CredentialSet>(
      CredentialSet({{"default", credential_}}, AccessPolicy({}))));
  std::move(credential_->waiting)(TokenPtr(MakeToken(clock_, "late", "v1")));
  call_.RunPosted();
  EXPECT_TRUE(call_.messages().empty());
  EXPECT_EQ(FinishedReason(), "CALLER_NOT_ALLOWED");
  EXPECT_TRUE(audit_.issued.empty());
}

TEST_F(GetTokenTest, ACallThatIsOverWithdrawsFromTheCredential) {
  auto work = get_token_.Serve(call_, {}, "anonymous");
  EXPECT_EQ(credential_->withdrawn, 0);
  work.reset();
  EXPECT_EQ(credential_->withdrawn, 1);
}

TEST_F(GetTokenTest, AWaitingCallDoesNotKeepItsCredentialAlive) {
  const long before = credential_.use_count();
  const auto work = get_token_.Serve(call_, {}, "anonymous");
  EXPECT_EQ(credential_.use_count(), before);
}

TEST_F(GetTokenTest, ATokenThatExpiredOnTheWayToItsLoopIsNotSent) {
  const auto work = get_token_.Serve(call_, {}, "anonymous");
  std::move(credential_->waiting)(TokenPtr(MakeToken(clock_, "late", "v1")));
  clock_.Advance(absl::Seconds(290));
  call_.RunPosted();
  EXPECT_TRUE(call_.messages().empty());
  EXPECT_EQ(FinishedReason(), "TOKEN_NOT_READY");
  EXPECT_TRUE(audit_.issued.empty());
}

TEST_F(GetTokenTest, ErrorsOfTheCredentialReachTheCallerWithTheirDetails) {
  credential_->known =
      MakeError(Reason::kUpstreamUnavailable, "InvestSuite does not answer", absl::Seconds(3));
  get_token_.Serve(call_, {}, "anonymous");
  EXPECT_EQ(call_.finished()->code(), 14);
  EXPECT_EQ(FinishedReason(), "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(RetryDelayOf(*call_.finished())->seconds(), 3);
}

TEST_F(GetTokenTest, MalformedRequestsNeverReachTheCredential) {
  api::GetTokenRequest negative;
  negative.mutable_min_validity()->set_seconds(-1);
  api::GetTokenRequest long_version;
  long_version.set_rejected_version(std::string(129, 'v'));
  api::GetTokenRequest bad_name;
  bad_name.set_credential("No Such Name");
  for (const auto& request : {negative, long_version, bad_name}) {
    FakeCall call;
    get_token_.Serve(call, request, "anonymous");
    EXPECT_EQ(call.finished()->code(), 3) << request.ShortDebugString();
    EXPECT_EQ(ErrorInfoOf(*call.finished()).reason(), "INVALID_REQUEST");
  }
  EXPECT_EQ(credential_->waits, 0);
}

TEST_F(GetTokenTest, AStrangerIsRefusedBeforeTheCredentialIsAsked) {
  credential_->known = TokenPtr(MakeToken(clock_, "t", "v"));
  get_token_.Serve(call_, {}, "unix:uid:7");
  EXPECT_EQ(FinishedReason(), "CALLER_NOT_ALLOWED");
  EXPECT_TRUE(call_.messages().empty());
}

}  // namespace
}  // namespace credential_broker::service
