#include <map>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "investsuite/credentialbroker/v1/credential_broker.pb.h"
#include "service/authenticated.h"
#include "service/caller.h"
#include "service/fake_tokens.h"
#include "service/fakes.h"
#include "support/fake_clock.h"

namespace credential_broker::service {
namespace {

namespace api = ::investsuite::credentialbroker::v1;

using ::testing::HasSubstr;
using Answer = absl::StatusOr<std::string>;

constexpr std::string_view kOrdersAccount = "system:serviceaccount:orders:api";

class AuthenticateTest : public testing::Test {
 protected:
  AuthenticateTest() {
    clock_.Advance(absl::Hours(1));
    Peer peer;
    peer.address = "192.0.2.1:5000";
    peer.counted_as = "192.0.2.1";
    call_.set_peer(peer);
  }

  // What a call gets that need not wait.
  Answer Try() {
    const std::optional<Answer> known = gatekeeper_.TryAuthenticate(call_);
    return known.has_value() ? *known : absl::InternalError("it has to wait");
  }
  static Reason ReasonOf(const Answer& answer) {
    const auto details = DetailsOf(answer.status());
    EXPECT_TRUE(details.has_value()) << answer.status();
    return details.has_value() ? details->reason : Reason::kInvalidRequest;
  }

  FakeClock clock_;
  FakeTokens tokens_;
  KeyedRateLimiter rate_{std::nullopt, clock_};
  CurrentCredentials credentials_{CredentialSet({}, AccessPolicy({}))};
  RecordedAudit audit_;
  Gatekeeper gatekeeper_{credentials_, audit_, {.tokens = &tokens_, .rate = &rate_}};
  FakeCall call_;
};

TEST_F(AuthenticateTest, WithoutATokenTheConnectionTells) { EXPECT_EQ(*Try(), "anonymous"); }

TEST_F(AuthenticateTest, ATokenThatIsSentDecidesAlsoBesideACertificate) {
  Peer peer;
  peer.has_certificate = true;
  peer.uri_sans = {"spiffe://prod/ns/admin/sa/root"};
  call_.set_peer(peer);
  EXPECT_EQ(*Try(), "spiffe://prod/ns/admin/sa/root");
  call_.AddMetadata("authorization", "Bearer a.b.c");
  tokens_.known.emplace("a.b.c", Verified(kOrdersAccount));
  EXPECT_EQ(*Try(), kOrdersAccount);
  tokens_.known.insert_or_assign("a.b.c", MakeError(Reason::kCallerUnauthenticated, "bad"));
  EXPECT_EQ(ReasonOf(Try()), Reason::kCallerUnauthenticated);
}

TEST_F(AuthenticateTest, ABadTokenIsWrittenDownOnceAndWithoutIt) {
  call_.AddMetadata("authorization", "Bearer c4n4ry");
  tokens_.known.emplace("c4n4ry", MakeError(Reason::kCallerUnauthenticated, "bad"));
  EXPECT_EQ(ReasonOf(Try()), Reason::kCallerUnauthenticated);
  ASSERT_EQ(audit_.denied.size(), 1u);
  EXPECT_EQ(audit_.denied[0].reason, Reason::kCallerUnauthenticated);
  EXPECT_EQ(audit_.denied[0].principal, "");
}

TEST_F(AuthenticateTest, ARefusedTokenIsAuditedWithThePrincipalOfItsConnection) {
  Peer peer;
  peer.address = "192.0.2.1:5000";
  peer.has_certificate = true;
  peer.uri_sans = {"spiffe://prod/ns/orders/sa/api"};
  call_.set_peer(peer);
  call_.AddMetadata("authorization", "Bearer c4n4ry");
  tokens_.known.emplace("c4n4ry", MakeError(Reason::kCallerUnauthenticated, "bad"));
  EXPECT_EQ(ReasonOf(Try()), Reason::kCallerUnauthenticated);
  tokens_.known.clear();
  const auto work =
      gatekeeper_.Authenticate(call_, [](rpc::Call&, const Answer&) { return nullptr; });
  std::move(tokens_.waiting)(MakeError(Reason::kCallerUnauthenticated, "bad"));
  call_.RunPosted();
  ASSERT_EQ(audit_.denied.size(), 2u);
  EXPECT_EQ(audit_.denied[0].principal, "spiffe://prod/ns/orders/sa/api");
  EXPECT_EQ(audit_.denied[1].principal, "spiffe://prod/ns/orders/sa/api");
  // A certificate that identifies no principal, and a unix socket.
  tokens_.known.emplace("c4n4ry", MakeError(Reason::kCallerUnauthenticated, "bad"));
  peer.uri_sans = {"spiffe://prod/a", "spiffe://prod/b"};
  call_.set_peer(peer);
  EXPECT_FALSE(Try().ok());
  EXPECT_EQ(audit_.denied[2].principal, "");
  Peer local;
  local.address = "unix";
  local.unix_uid = 1000;
  call_.set_peer(local);
  EXPECT_FALSE(Try().ok());
  EXPECT_EQ(audit_.denied[3].principal, "unix:uid:1000");
}

TEST_F(AuthenticateTest, AnyOtherSchemeAndASecondHeaderAreRefused) {
  call_.AddMetadata("authorization", "Basic c4n4ry");
  EXPECT_EQ(ReasonOf(Try()), Reason::kCallerUnauthenticated);
  FakeCall twice;
  twice.AddMetadata("authorization", "Bearer a.b.c");
  twice.AddMetadata("authorization", "Bearer d.e.f");
  tokens_.known.emplace("a.b.c", Verified(kOrdersAccount));
  EXPECT_EQ(ReasonOf(*gatekeeper_.TryAuthenticate(twice)), Reason::kCallerUnauthenticated);
}

TEST_F(AuthenticateTest, WhereNoTokensAreAcceptedOneIsRefusedWithTheMend) {
  const Gatekeeper gatekeeper(credentials_, audit_);
  call_.AddMetadata("authorization", "Bearer a.b.c");
  const Answer answer = *gatekeeper.TryAuthenticate(call_);
  EXPECT_EQ(ReasonOf(answer), Reason::kCallerUnauthenticated);
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("kubernetes_callers"));
}

TEST_F(AuthenticateTest, AnUnknownTokenIsWaitedForOnTheCallsLoop) {
  call_.AddMetadata("authorization", "Bearer a.b.c");
  EXPECT_EQ(gatekeeper_.TryAuthenticate(call_), std::nullopt);
  std::optional<Answer> told;
  const auto work = gatekeeper_.Authenticate(call_, [&](rpc::Call&, Answer principal) {
    told = std::move(principal);
    return nullptr;
  });
  EXPECT_EQ(tokens_.asked, "a.b.c");
  EXPECT_EQ(tokens_.asked_by, "192.0.2.1");
  std::move(tokens_.waiting)(Verified(kOrdersAccount));
  EXPECT_FALSE(told.has_value());
  call_.RunPosted();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(**told, kOrdersAccount);
  EXPECT_TRUE(audit_.denied.empty());
}

TEST_F(AuthenticateTest, WhatIsKnownAtOnceGoesOnAtOnce) {
  bool told = false;
  const auto work = gatekeeper_.Authenticate(call_, [&](rpc::Call&, const Answer& principal) {
    told = principal.ok();
    return nullptr;
  });
  EXPECT_TRUE(told);
}

TEST_F(AuthenticateTest, ACallThatIsGoneIsWithdrawn) {
  call_.AddMetadata("authorization", "Bearer a.b.c");
  auto work = gatekeeper_.Authenticate(
      call_, [](rpc::Call&, const Answer&) -> std::unique_ptr<rpc::PendingWork> {
        ADD_FAILURE();
        return nullptr;
      });
  EXPECT_EQ(tokens_.withdrawn, 0);
  work.reset();
  EXPECT_EQ(tokens_.withdrawn, 1);
}

// The call is still open: a stream that authenticates again, for one.
TEST_F(AuthenticateTest, AnAnswerThatIsPostedWhenTheWaitIsOverIsNotUsed) {
  call_.AddMetadata("authorization", "Bearer a.b.c");
  auto work = gatekeeper_.Authenticate(
      call_, [](rpc::Call&, const Answer&) -> std::unique_ptr<rpc::PendingWork> {
        ADD_FAILURE();
        return nullptr;
      });
  std::move(tokens_.waiting)(Verified(kOrdersAccount));
  work.reset();
  call_.RunPosted();
}

// What the call does next may replace what it waits with.
TEST_F(AuthenticateTest, TheNextStepMayDestroyTheWait) {
  call_.AddMetadata("authorization", "Bearer a.b.c");
  std::unique_ptr<rpc::PendingWork> work;
  bool ran = false;
  work = gatekeeper_.Authenticate(call_, [&](rpc::Call&, const Answer&) {
    work.reset();
    ran = true;
    return nullptr;
  });
  std::move(tokens_.waiting)(Verified(kOrdersAccount));
  call_.RunPosted();
  EXPECT_TRUE(ran);
}

TEST_F(AuthenticateTest, ARefusalAfterWaitingIsWrittenDownOnce) {
  call_.AddMetadata("authorization", "Bearer a.b.c");
  const auto work = gatekeeper_.Authenticate(call_, [](rpc::Call&, const Answer& principal) {
    EXPECT_EQ(ReasonOf(principal), Reason::kUpstreamUnavailable);
    return nullptr;
  });
  std::move(tokens_.waiting)(MakeError(Reason::kUpstreamUnavailable, "nobody answers"));
  call_.RunPosted();
  ASSERT_EQ(audit_.denied.size(), 1u);
  EXPECT_EQ(audit_.denied[0].reason, Reason::kUpstreamUnavailable);
}

TEST_F(AuthenticateTest, APrincipalThatCallsTooOftenIsToldWhenToComeBack) {
  rate_.SetLimit(RateLimit{.per_second = 3, .burst = 2});
  EXPECT_TRUE(Try().ok());
  EXPECT_TRUE(Try().ok());
  const Answer refused = Try();
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), Reason::kCallerRateLimited);
  // A third of a second; RetryInfo tells milliseconds, and must not tell too few.
  EXPECT_EQ(DetailsOf(refused.status())->retry_after, absl::Milliseconds(334));
  ASSERT_EQ(audit_.denied.size(), 1u);
  EXPECT_EQ(audit_.denied[0].principal, "anonymous");
  EXPECT_EQ(audit_.denied[0].reason, Reason::kCallerRateLimited);
  clock_.Advance(absl::Milliseconds(334));
  EXPECT_TRUE(Try().ok());
}

TEST_F(AuthenticateTest, TheLimitIsOfThePrincipalAndNotOfItsConnection) {
  rate_.SetLimit(RateLimit{.per_second = 1, .burst = 1});
  EXPECT_TRUE(Try().ok());
  call_.AddMetadata("authorization", "Bearer a.b.c");
  tokens_.known.emplace("a.b.c", Verified(kOrdersAccount));
  EXPECT_TRUE(Try().ok());
  EXPECT_EQ(ReasonOf(Try()), Reason::kCallerRateLimited);
}

TEST_F(AuthenticateTest, ACallThatWaitsForItsPrincipalCountsOnce) {
  rate_.SetLimit(RateLimit{.per_second = 1, .burst = 1});
  call_.AddMetadata("authorization", "Bearer a.b.c");
  Answer told;
  const auto work = gatekeeper_.Authenticate(call_, [&](rpc::Call&, Answer principal) {
    told = std::move(principal);
    return nullptr;
  });
  std::move(tokens_.waiting)(Verified(kOrdersAccount));
  call_.RunPosted();
  EXPECT_TRUE(told.ok()) << told.status();
}

// A unary method, from its request to its answer.
class AuthenticatedTest : public AuthenticateTest {
 protected:
  std::unique_ptr<rpc::CallHandler> Handle(const std::string& credential) {
    const rpc::HandlerFactory factory = Authenticated<api::GetTokenRequest>(
        gatekeeper_,
        [this](rpc::Call& call, const api::GetTokenRequest& request,
               const std::string& principal) -> std::unique_ptr<rpc::PendingWork> {
          served_ = principal + " asks for " + request.credential();
          call.FinishOk();
          return nullptr;
        });
    factory_ = factory;
    auto handler = factory_(call_);
    api::GetTokenRequest request;
    request.set_credential(credential);
    handler->OnMessage(request.SerializeAsString());
    return handler;
  }

  rpc::HandlerFactory factory_;
  std::string served_;
};

TEST_F(AuthenticatedTest, ServesAtOnceWhoIsKnown) {
  const auto handler = Handle("x");
  EXPECT_EQ(served_, "anonymous asks for x");
}

TEST_F(AuthenticatedTest, KeepsTheRequestOfACallThatWaits) {
  call_.AddMetadata("authorization", "Bearer a.b.c");
  const auto handler = Handle("a-name-that-is-longer-than-a-short-string");
  EXPECT_EQ(served_, "");
  std::move(tokens_.waiting)(Verified(kOrdersAccount));
  call_.RunPosted();
  EXPECT_EQ(served_,
            std::string(kOrdersAccount) + " asks for a-name-that-is-longer-than-a-short-string");
}

TEST_F(AuthenticatedTest, ARefusalEndsTheCall) {
  call_.AddMetadata("authorization", "Bearer a.b.c");
  tokens_.known.emplace("a.b.c", MakeError(Reason::kCallerUnauthenticated, "bad"));
  const auto handler = Handle("x");
  EXPECT_EQ(served_, "");
  ASSERT_TRUE(call_.finished().has_value());
  EXPECT_EQ(ErrorInfoOf(*call_.finished()).reason(), "CALLER_UNAUTHENTICATED");
}

}  // namespace
}  // namespace credential_broker::service
