#include "identity/token_authenticator.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "base/strings.h"
#include "core/reason.h"
#include "support/fake_clock.h"

namespace credential_broker::identity {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Answer = absl::StatusOr<std::string>;

constexpr std::string_view kPeer = "192.0.2.1";
constexpr auto kLongest = std::chrono::seconds(30);

// A ServiceAccount token of that name; `claims` are put behind its issuer.
std::string Token(std::string_view name, std::string_view claims = "") {
  const std::string payload = StrCat(R"({"iss":"k8s","sub":")", name, "\"", claims, "}");
  return StrCat("eyJhbGciOiJSUzI1NiJ9.", absl::WebSafeBase64Escape(payload), ".c2ln");
}

// One of several tokens of that account.
std::string TokenOf(std::string_view account, std::size_t number) {
  return Token(account, StrCat(",\"jti\":\"", number, "\""));
}

// What the reviewers of a test do: answers are told beforehand, or a review hangs until it is.
class FakeApiServer {
 public:
  Answer Review(std::string_view token) {
    std::unique_lock<std::mutex> lock(mutex_);
    ++reviews_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return (!hanging_ && hanging_token_ != token) || cancelled_; });
    if (cancelled_) {
      return absl::UnavailableError("cancelled");
    }
    auto it = answers_.find(std::string(token));
    return it == answers_.end() ? otherwise_ : it->second;
  }
  void Cancel() {
    std::lock_guard<std::mutex> lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
  }

  void Know(const std::string& token, Answer answer) {
    std::lock_guard<std::mutex> lock(mutex_);
    answers_.insert_or_assign(token, std::move(answer));
  }
  void Otherwise(Answer answer) {
    std::lock_guard<std::mutex> lock(mutex_);
    otherwise_ = std::move(answer);
  }
  void Hang(bool hang) {
    std::lock_guard<std::mutex> lock(mutex_);
    hanging_ = hang;
    changed_.notify_all();
  }
  // Has only the review of `token` hang; none: empty.
  void HangOnly(const std::string& token) {
    std::lock_guard<std::mutex> lock(mutex_);
    hanging_ = false;
    hanging_token_ = token;
    changed_.notify_all();
  }
  void AwaitReviews(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kLongest, [&] { return reviews_ >= count; }));
  }
  int reviews() {
    std::lock_guard<std::mutex> lock(mutex_);
    return reviews_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Answer> answers_;
  Answer otherwise_ = MakeError(Reason::kCallerUnauthenticated, "refused");
  bool hanging_ = false;
  std::string hanging_token_;
  bool cancelled_ = false;
  int reviews_ = 0;
};

class FakeReviewer : public TokenReviewer {
 public:
  explicit FakeReviewer(FakeApiServer& server) : server_(server) {}
  Answer Review(const Secret& token) override { return server_.Review(token.Reveal()); }
  void Cancel() override { server_.Cancel(); }

 private:
  FakeApiServer& server_;
};

// The answer to one call, which may come on another thread.
class Inbox {
 public:
  CallerCallback Callback() {
    return [this](CallerVerdict verdict) {
      std::lock_guard<std::mutex> lock(mutex_);
      answer_ = std::move(verdict);
      changed_.notify_all();
    };
  }
  CallerVerdict Await() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, kLongest, [this] { return answer_.has_value(); })) {
      return absl::InternalError("no answer came");
    }
    return *answer_;
  }
  bool empty() {
    std::lock_guard<std::mutex> lock(mutex_);
    return !answer_.has_value();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<CallerVerdict> answer_;
};

class TokenAuthenticatorTest : public testing::Test {
 protected:
  TokenAuthenticatorTest() {
    clock_.Advance(absl::Hours(1));
    options_.on_failure = [this](std::string_view error) {
      std::lock_guard<std::mutex> lock(failures_mutex_);
      failures_.emplace_back(error);
    };
  }

  TokenAuthenticator& Authenticator(int reviewers = 1) {
    std::vector<std::unique_ptr<TokenReviewer>> list;
    for (int i = 0; i < reviewers; ++i) {
      list.push_back(std::make_unique<FakeReviewer>(server_));
    }
    authenticator_ = *TokenAuthenticator::Start(std::move(list), options_, clock_);
    return *authenticator_;
  }

  CallerVerdict Identify(const std::string& token, std::string_view peer = kPeer) {
    Inbox inbox;
    const auto pending = authenticator_->Identify(token, peer, inbox.Callback());
    return inbox.Await();
  }

  std::vector<std::string> failures() {
    std::lock_guard<std::mutex> lock(failures_mutex_);
    return failures_;
  }

  static Reason ReasonOf(const CallerVerdict& answer) {
    const auto details = DetailsOf(answer.status());
    EXPECT_TRUE(details.has_value()) << answer.status();
    return details.has_value() ? details->reason : Reason::kInvalidRequest;
  }

  FakeClock clock_;
  FakeApiServer server_;
  AuthenticatorOptions options_;
  std::mutex failures_mutex_;
  std::vector<std::string> failures_;
  std::unique_ptr<TokenAuthenticator> authenticator_;
};

TEST_F(TokenAuthenticatorTest, AnAcceptedTokenIsGoodForTenSecondsAndNoLonger) {
  Authenticator();
  const std::string token = Token("a");
  server_.Know(token, "system:serviceaccount:n:a");
  EXPECT_EQ(authenticator_->TryIdentify(token), std::nullopt);
  EXPECT_EQ(Identify(token).value().principal, "system:serviceaccount:n:a");
  // The account is deleted.
  server_.Know(token, MakeError(Reason::kCallerUnauthenticated, "gone"));
  clock_.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_EQ(authenticator_->TryIdentify(token)->value().principal, "system:serviceaccount:n:a");
  EXPECT_EQ(Identify(token).value().principal, "system:serviceaccount:n:a");
  EXPECT_EQ(server_.reviews(), 1);
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_EQ(authenticator_->TryIdentify(token), std::nullopt);
  EXPECT_EQ(ReasonOf(Identify(token)), Reason::kCallerUnauthenticated);
  EXPECT_EQ(server_.reviews(), 2);
}

TEST_F(TokenAuthenticatorTest, AVerdictSaysHowLongItIsGoodAndWhenItsTokenExpires) {
  options_.accepted_for = absl::Minutes(2);
  Authenticator();
  const std::string lasting = Token("a");
  server_.Know(lasting, "system:serviceaccount:n:a");
  const CallerVerdict without_end = Identify(lasting);
  EXPECT_EQ(without_end->good_until, clock_.Now() + absl::Minutes(2));
  EXPECT_EQ(without_end->expires_at, std::nullopt);
  const absl::Time end =
      absl::FromUnixSeconds(absl::ToUnixSeconds(clock_.WallNow())) + absl::Minutes(1);
  const std::string ending = Token("a", StrCat(",\"exp\":", absl::ToUnixSeconds(end)));
  server_.Know(ending, "system:serviceaccount:n:a");
  static_cast<void>(Identify(ending));
  const std::optional<CallerVerdict> known = authenticator_->TryIdentify(ending);
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ((*known)->expires_at, end);
  EXPECT_EQ((*known)->good_until, clock_.Now() + (end - clock_.WallNow()));
}

TEST_F(TokenAuthenticatorTest, TheTenSecondsCountFromTheQuestion) {
  Authenticator();
  const std::string token = Token("a");
  server_.Know(token, "system:serviceaccount:n:a");
  server_.Hang(true);
  Inbox inbox;
  const auto pending = authenticator_->Identify(token, kPeer, inbox.Callback());
  server_.AwaitReviews(1);
  clock_.Advance(absl::Seconds(4));
  server_.Hang(false);
  EXPECT_TRUE(inbox.Await().ok());
  clock_.Advance(absl::Seconds(6));
  EXPECT_EQ(authenticator_->TryIdentify(token), std::nullopt);
}

TEST_F(TokenAuthenticatorTest, NoTokenIsGoodBeyondItsOwnEnd) {
  Authenticator();
  const std::string token =
      Token("a", StrCat(",\"exp\":", absl::ToUnixSeconds(clock_.WallNow() + absl::Seconds(3))));
  server_.Know(token, "system:serviceaccount:n:a");
  EXPECT_TRUE(Identify(token).ok());
  clock_.Advance(absl::Milliseconds(2900));
  EXPECT_NE(authenticator_->TryIdentify(token), std::nullopt);
  clock_.Advance(absl::Milliseconds(100));
  EXPECT_EQ(authenticator_->TryIdentify(token), std::nullopt);
}

TEST_F(TokenAuthenticatorTest, ARefusalIsRememberedForFiveSeconds) {
  Authenticator();
  const std::string token = Token("a");
  EXPECT_EQ(ReasonOf(Identify(token)), Reason::kCallerUnauthenticated);
  clock_.Advance(absl::Seconds(5) - absl::Nanoseconds(1));
  EXPECT_EQ(ReasonOf(Identify(token)), Reason::kCallerUnauthenticated);
  EXPECT_EQ(server_.reviews(), 1);
  clock_.Advance(absl::Nanoseconds(1));
  server_.Know(token, "system:serviceaccount:n:a");
  EXPECT_TRUE(Identify(token).ok());
}

TEST_F(TokenAuthenticatorTest, AThousandCallsWithOneTokenCostOneReview) {
  Authenticator(4);
  const std::string token = Token("a");
  server_.Know(token, "system:serviceaccount:n:a");
  server_.Hang(true);
  std::vector<Inbox> inboxes(1000);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  for (Inbox& inbox : inboxes) {
    pending.push_back(authenticator_->Identify(token, kPeer, inbox.Callback()));
  }
  server_.Hang(false);
  for (Inbox& inbox : inboxes) {
    EXPECT_EQ(inbox.Await().value().principal, "system:serviceaccount:n:a");
  }
  EXPECT_EQ(server_.reviews(), 1);
}

TEST_F(TokenAuthenticatorTest, GarbageCostsNoReview) {
  Authenticator();
  for (const char* token : {"garbage", "a.b.c", "a.b", "...", ""}) {
    const auto known = authenticator_->TryIdentify(token);
    ASSERT_TRUE(known.has_value()) << token;
    EXPECT_EQ(ReasonOf(*known), Reason::kCallerUnauthenticated);
    EXPECT_EQ(ReasonOf(Identify(token)), Reason::kCallerUnauthenticated);
  }
  EXPECT_EQ(server_.reviews(), 0);
}

TEST_F(TokenAuthenticatorTest, NobodyIsLetInWhileTheApiServerIsOutOfReachButWhoIsKnown) {
  Authenticator();
  const std::string known = Token("known");
  server_.Know(known, "system:serviceaccount:n:known");
  EXPECT_TRUE(Identify(known).ok());
  server_.Otherwise(absl::UnavailableError("no connection within 2s"));
  server_.Know(known, absl::UnavailableError("no connection within 2s"));
  const CallerVerdict refused = Identify(Token("new"));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused), Reason::kUpstreamUnavailable);
  EXPECT_TRUE(IsOutage(refused.status()));
  EXPECT_EQ(DetailsOf(refused.status())->retry_after, absl::Seconds(1));
  EXPECT_TRUE(Identify(known).ok());
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(ReasonOf(Identify(known)), Reason::kUpstreamUnavailable);
  // Back again: nothing of the failure was remembered.
  server_.Know(known, "system:serviceaccount:n:known");
  EXPECT_TRUE(Identify(known).ok());
}

TEST_F(TokenAuthenticatorTest, AnAnswerThatCannotBeUsedLetsNobodyIn) {
  Authenticator();
  server_.Otherwise(absl::FailedPreconditionError("HTTP status 403"));
  const CallerVerdict verdict = Identify(Token("a"));
  EXPECT_EQ(ReasonOf(verdict), Reason::kUpstreamUnavailable);
  EXPECT_TRUE(IsOutage(verdict.status()));
}

TEST_F(TokenAuthenticatorTest, TheOperatorIsToldOfAFailureOnceAMinute) {
  Authenticator();
  server_.Otherwise(absl::FailedPreconditionError("HTTP status 403"));
  for (int i = 0; i < 5; ++i) {
    static_cast<void>(Identify(Token(StrCat("a", i))));
  }
  EXPECT_THAT(failures(), testing::ElementsAre("HTTP status 403"));
  server_.Otherwise(absl::UnavailableError("no route"));
  clock_.Advance(absl::Seconds(10));
  static_cast<void>(Identify(Token("b")));
  clock_.Advance(absl::Minutes(1) - absl::Nanoseconds(1));
  static_cast<void>(Identify(Token("c")));
  EXPECT_THAT(failures(), testing::ElementsAre("HTTP status 403", "no route"));
  clock_.Advance(absl::Nanoseconds(1));
  static_cast<void>(Identify(Token("d")));
  EXPECT_THAT(failures(), testing::ElementsAre("HTTP status 403", "no route", "no route"));
}

TEST_F(TokenAuthenticatorTest, AnApiServerThatFailsHalfOfItsAnswersDoesNotFloodTheLog) {
  Authenticator();
  const std::string good = Token("good");
  server_.Know(good, "system:serviceaccount:n:good");
  server_.Otherwise(absl::FailedPreconditionError("HTTP status 500"));
  for (int second = 0; second < 60; ++second) {
    EXPECT_EQ(ReasonOf(Identify(Token("a"))), Reason::kUpstreamUnavailable);
    EXPECT_TRUE(Identify(good).ok());
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_THAT(failures(), testing::ElementsAre("HTTP status 500"));
}

TEST_F(TokenAuthenticatorTest, ReasonsThatAlternateAreReportedEveryTenSeconds) {
  Authenticator();
  for (int second = 0; second < 60; ++second) {
    for (const char* reason : {"HTTP status 500", "HTTP status 502"}) {
      server_.Otherwise(absl::FailedPreconditionError(reason));
      EXPECT_EQ(ReasonOf(Identify(Token("a"))), Reason::kUpstreamUnavailable);
    }
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(failures().size(), 6U);
}

TEST_F(TokenAuthenticatorTest, WhatWaitsFailsTogetherWhenNothingAnswers) {
  Authenticator();
  server_.Hang(true);
  server_.Otherwise(absl::UnavailableError("no route"));
  std::vector<Inbox> inboxes(20);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  for (std::size_t i = 0; i < inboxes.size(); ++i) {
    pending.push_back(
        authenticator_->Identify(Token(StrCat("a", i)), kPeer, inboxes[i].Callback()));
  }
  server_.AwaitReviews(1);
  server_.Hang(false);
  for (Inbox& inbox : inboxes) {
    EXPECT_EQ(ReasonOf(inbox.Await()), Reason::kUpstreamUnavailable);
  }
  EXPECT_EQ(server_.reviews(), 1);
}

TEST_F(TokenAuthenticatorTest, WhatWaitsIsBounded) {
  options_.max_waiting = 3;
  Authenticator();
  server_.Hang(true);
  std::vector<Inbox> inboxes(5);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  pending.push_back(authenticator_->Identify(Token("first"), kPeer, inboxes[0].Callback()));
  server_.AwaitReviews(1);
  for (int i = 1; i < 5; ++i) {
    pending.push_back(
        authenticator_->Identify(Token(StrCat("a", i)), kPeer, inboxes[i].Callback()));
  }
  EXPECT_EQ(ReasonOf(inboxes[4].Await()), Reason::kUpstreamUnavailable);
  EXPECT_TRUE(inboxes[3].empty());
}

TEST_F(TokenAuthenticatorTest, AnAddressWithManyRefusedTokensIsReviewedAtALimitedRate) {
  options_.refusals_per_address = {.per_second = 1, .burst = 3};
  Authenticator();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReasonOf(Identify(Token(StrCat("bad", i)))), Reason::kCallerUnauthenticated);
  }
  const CallerVerdict limited = Identify(Token("bad9"));
  EXPECT_EQ(limited.status().code(), absl::StatusCode::kUnavailable)
      << "clients retry nothing else";
  EXPECT_EQ(ReasonOf(limited), Reason::kUpstreamRateLimited);
  EXPECT_FALSE(IsOutage(limited.status()));
  EXPECT_EQ(DetailsOf(limited.status())->retry_after, absl::Seconds(1));
  EXPECT_EQ(server_.reviews(), 3);
  const std::string good = Token("good");
  server_.Know(good, "system:serviceaccount:n:good");
  EXPECT_TRUE(Identify(good, "2001:db8::/64").ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(ReasonOf(Identify(Token("bad9"))), Reason::kCallerUnauthenticated);
}

TEST_F(TokenAuthenticatorTest, RefusedTokensOfAnAccountRefuseNoNewTokenOfAnotherAtTheSameAddress) {
  options_.refusals_per_account = {.per_second = 1, .burst = 3};
  Authenticator();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReasonOf(Identify(TokenOf("looping", i))), Reason::kCallerUnauthenticated);
  }
  const CallerVerdict limited = Identify(TokenOf("looping", 3));
  EXPECT_EQ(ReasonOf(limited), Reason::kUpstreamRateLimited);
  EXPECT_EQ(DetailsOf(limited.status())->retry_after, absl::Seconds(1));
  EXPECT_EQ(server_.reviews(), 3);
  const std::string good = Token("good");
  server_.Know(good, "system:serviceaccount:n:good");
  EXPECT_TRUE(Identify(good).ok());
  EXPECT_EQ(ReasonOf(Identify(Token("mistaken"))), Reason::kCallerUnauthenticated);
  EXPECT_EQ(ReasonOf(Identify(TokenOf("looping", 4), "192.0.2.2")), Reason::kCallerUnauthenticated)
      << "an account pays for its own address only";
}

TEST_F(TokenAuthenticatorTest, WhatAnAccountIsNotAllowedCostsItsAddressNothing) {
  options_.refusals_per_account = {.per_second = 0.001, .burst = 2};
  options_.refusals_per_address = {.per_second = 0.001, .burst = 4};
  Authenticator();
  server_.Hang(true);
  std::vector<Inbox> inboxes(8);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  for (std::size_t i = 0; i < inboxes.size(); ++i) {
    pending.push_back(
        authenticator_->Identify(TokenOf("looping", i), kPeer, inboxes[i].Callback()));
  }
  server_.Hang(false);
  for (Inbox& inbox : inboxes) {
    EXPECT_FALSE(inbox.Await().ok());
  }
  EXPECT_EQ(server_.reviews(), 2);
  EXPECT_EQ(ReasonOf(Identify(Token("b"))), Reason::kCallerUnauthenticated);
  EXPECT_EQ(ReasonOf(Identify(Token("c"))), Reason::kCallerUnauthenticated);
  EXPECT_EQ(ReasonOf(Identify(Token("d"))), Reason::kUpstreamRateLimited)
      << "made-up accounts share the budget of their address";
}

TEST_F(TokenAuthenticatorTest, AClaimedAccountMayBeOfAnyLength) {
  options_.refusals_per_account = {.per_second = 1, .burst = 1};
  Authenticator();
  const std::string subject(4000, 'x');
  EXPECT_EQ(ReasonOf(Identify(TokenOf(subject, 1))), Reason::kCallerUnauthenticated);
  EXPECT_EQ(ReasonOf(Identify(TokenOf(subject, 2))), Reason::kUpstreamRateLimited);
  EXPECT_EQ(ReasonOf(Identify(TokenOf(subject + "y", 3))), Reason::kCallerUnauthenticated);
}

TEST_F(TokenAuthenticatorTest, AnAcceptedTokenIsReviewedAgainHoweverManyOthersOfItsAddressAreBad) {
  options_.refusals_per_address = {.per_second = 1, .burst = 3};
  Authenticator();
  const std::string good = Token("good");
  server_.Know(good, "system:serviceaccount:n:good");
  EXPECT_TRUE(Identify(good).ok());
  clock_.Advance(absl::Seconds(11));
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Identify(Token(StrCat("bad", i))).ok());
  }
  EXPECT_TRUE(Identify(good).ok());
  EXPECT_EQ(server_.reviews(), 1 + 3 + 1);
  // Forgotten after an hour without a call.
  clock_.Advance(absl::Hours(1) + absl::Seconds(10));
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(Identify(Token(StrCat("worse", i))).ok());
  }
  EXPECT_EQ(ReasonOf(Identify(good)), Reason::kUpstreamRateLimited);
}

TEST_F(TokenAuthenticatorTest, ATokenThatIsRefusedLosesTheTrustOfItsPast) {
  options_.refusals_per_address = {.per_second = 0.001, .burst = 3};
  Authenticator();
  const std::string token = Token("a");
  server_.Know(token, "system:serviceaccount:n:a");
  EXPECT_TRUE(Identify(token).ok());
  server_.Know(token, MakeError(Reason::kCallerUnauthenticated, "deleted"));
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(absl::Seconds(11));
    EXPECT_EQ(ReasonOf(Identify(token)), Reason::kCallerUnauthenticated);
  }
  clock_.Advance(absl::Seconds(11));
  EXPECT_EQ(ReasonOf(Identify(token)), Reason::kUpstreamRateLimited);
}

TEST_F(TokenAuthenticatorTest, TokensThatWaitCostTheirAddressNothing) {
  options_.refusals_per_address = {.per_second = 1, .burst = 3};
  Authenticator();
  server_.Otherwise("system:serviceaccount:n:a");
  server_.Hang(true);
  std::vector<Inbox> inboxes(10);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  for (std::size_t i = 0; i < inboxes.size(); ++i) {
    pending.push_back(
        authenticator_->Identify(Token(StrCat("a", i)), kPeer, inboxes[i].Callback()));
  }
  server_.Hang(false);
  for (Inbox& inbox : inboxes) {
    EXPECT_TRUE(inbox.Await().ok());
  }
}

TEST_F(TokenAuthenticatorTest, CallsThatAreWithdrawnCostTheirAddressNothing) {
  options_.refusals_per_address = {.per_second = 0.001, .burst = 3};
  Authenticator();
  server_.Otherwise("system:serviceaccount:n:a");
  server_.Hang(true);
  Inbox withdrawn;
  auto begun = authenticator_->Identify(Token("begun"), kPeer, withdrawn.Callback());
  server_.AwaitReviews(1);
  for (int i = 0; i < 10; ++i) {
    authenticator_->Identify(Token(StrCat("waits", i)), kPeer, withdrawn.Callback()).reset();
  }
  begun.reset();
  server_.Otherwise(MakeError(Reason::kCallerUnauthenticated, "refused"));
  server_.Know(Token("begun"), "system:serviceaccount:n:a");
  server_.Hang(false);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ReasonOf(Identify(Token(StrCat("new", i)))), Reason::kCallerUnauthenticated);
  }
  EXPECT_EQ(ReasonOf(Identify(Token("beyond"))), Reason::kUpstreamRateLimited);
  EXPECT_TRUE(withdrawn.empty());
}

TEST_F(TokenAuthenticatorTest, BadTokensThatWaitTogetherDoNotExceedTheBudget) {
  options_.refusals_per_address = {.per_second = 0.001, .burst = 3};
  Authenticator(4);
  server_.Hang(true);
  std::vector<Inbox> inboxes(20);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  for (std::size_t i = 0; i < inboxes.size(); ++i) {
    pending.push_back(
        authenticator_->Identify(Token(StrCat("a", i)), kPeer, inboxes[i].Callback()));
  }
  server_.Hang(false);
  int limited = 0;
  for (Inbox& inbox : inboxes) {
    limited += ReasonOf(inbox.Await()) == Reason::kUpstreamRateLimited ? 1 : 0;
  }
  EXPECT_EQ(limited, 17);
  EXPECT_EQ(server_.reviews(), 3);
}

TEST_F(TokenAuthenticatorTest, AddressesTakeTurns) {
  Authenticator();
  server_.Hang(true);
  Inbox running;
  std::vector<std::unique_ptr<PendingCaller>> pending;
  pending.push_back(authenticator_->Identify(Token("running"), "attacker-0", running.Callback()));
  server_.AwaitReviews(1);
  std::vector<Inbox> inboxes(80 * 5);
  for (std::size_t i = 0; i < inboxes.size(); ++i) {
    pending.push_back(authenticator_->Identify(Token(StrCat("bad", i)), StrCat("attacker-", i % 80),
                                               inboxes[i].Callback()));
  }
  const std::string good = Token("good");
  server_.Know(good, "system:serviceaccount:n:good");
  // Whether it is served before the attackers' later tokens shows in how many were reviewed by
  // then.
  int reviewed_before = 0;
  Inbox answer;
  pending.push_back(
      authenticator_->Identify(good, kPeer, [&, done = answer.Callback()](CallerVerdict v) mutable {
        reviewed_before = server_.reviews();
        std::move(done)(std::move(v));
      }));
  server_.Hang(false);
  EXPECT_TRUE(answer.Await().ok());
  EXPECT_EQ(reviewed_before, 1 + 80 + 1);
  authenticator_.reset();  // no callback runs once the inboxes are gone
}

TEST_F(TokenAuthenticatorTest, AFullQueueHasRoomForAnAddressWithFewReviews) {
  options_.max_waiting = 20;
  Authenticator();
  server_.Hang(true);
  Inbox running;
  std::vector<std::unique_ptr<PendingCaller>> pending;
  pending.push_back(authenticator_->Identify(Token("running"), "attacker", running.Callback()));
  server_.AwaitReviews(1);
  std::vector<Inbox> bad(20);
  for (std::size_t i = 0; i < bad.size(); ++i) {
    pending.push_back(authenticator_->Identify(Token(StrCat("bad", i)), StrCat("attacker-", i % 4),
                                               bad[i].Callback()));
  }
  const std::string good = Token("good");
  server_.Know(good, "system:serviceaccount:n:good");
  Inbox answer;
  pending.push_back(authenticator_->Identify(good, kPeer, answer.Callback()));
  EXPECT_TRUE(answer.empty());
  // The newest of a longest line made room.
  EXPECT_EQ(ReasonOf(bad[16].Await()), Reason::kUpstreamUnavailable);
  server_.Hang(false);
  EXPECT_TRUE(answer.Await().ok());
  authenticator_.reset();
}

TEST_F(TokenAuthenticatorTest, AFullQueueHasRoomForATokenThatWasAcceptedLately) {
  options_.max_waiting = 20;
  Authenticator();
  const std::string known = Token("known");
  server_.Know(known, "system:serviceaccount:n:known");
  EXPECT_TRUE(Identify(known).ok());
  clock_.Advance(absl::Seconds(11));
  server_.Hang(true);
  Inbox running;
  std::vector<std::unique_ptr<PendingCaller>> pending;
  pending.push_back(authenticator_->Identify(Token("running"), "attacker", running.Callback()));
  server_.AwaitReviews(2);
  std::vector<Inbox> bad(20);
  for (std::size_t i = 0; i < bad.size(); ++i) {
    pending.push_back(authenticator_->Identify(Token(StrCat("bad", i)), StrCat("attacker-", i),
                                               bad[i].Callback()));
  }
  Inbox answer;
  pending.push_back(authenticator_->Identify(known, kPeer, answer.Callback()));
  EXPECT_TRUE(answer.empty());
  server_.Hang(false);
  EXPECT_TRUE(answer.Await().ok());
  authenticator_.reset();
}

TEST_F(TokenAuthenticatorTest, OneAddressHasABoundedNumberOfWaitingReviews) {
  options_.max_waiting_per_address = 3;
  Authenticator();
  const std::string known = Token("known");
  server_.Know(known, "system:serviceaccount:n:known");
  EXPECT_TRUE(Identify(known).ok());
  clock_.Advance(absl::Seconds(11));
  server_.Hang(true);
  std::vector<Inbox> inboxes(5);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  pending.push_back(authenticator_->Identify(Token("first"), kPeer, inboxes[0].Callback()));
  server_.AwaitReviews(2);
  for (std::size_t i = 1; i < inboxes.size(); ++i) {
    pending.push_back(
        authenticator_->Identify(Token(StrCat("a", i)), kPeer, inboxes[i].Callback()));
  }
  const CallerVerdict beyond = inboxes[4].Await();
  EXPECT_EQ(ReasonOf(beyond), Reason::kUpstreamUnavailable);
  EXPECT_FALSE(IsOutage(beyond.status())) << "it concerns one address";
  EXPECT_TRUE(inboxes[3].empty());
  // The bound does not apply to a token that was accepted lately, nor to other addresses.
  Inbox again;
  Inbox other;
  pending.push_back(authenticator_->Identify(known, kPeer, again.Callback()));
  pending.push_back(authenticator_->Identify(Token("b"), "192.0.2.2", other.Callback()));
  EXPECT_TRUE(again.empty());
  EXPECT_TRUE(other.empty());
  server_.Hang(false);
  EXPECT_TRUE(again.Await().ok());
  EXPECT_EQ(ReasonOf(other.Await()), Reason::kCallerUnauthenticated);
  authenticator_.reset();
}

TEST_F(TokenAuthenticatorTest, OneAddressHasABoundedNumberOfWaitingReviewsOfAcceptedTokensToo) {
  options_.max_trusted_waiting_per_address = 3;
  Authenticator();
  server_.Otherwise("system:serviceaccount:n:a");
  std::vector<Inbox> inboxes(5);
  for (std::size_t i = 0; i < inboxes.size(); ++i) {
    EXPECT_TRUE(Identify(Token(StrCat("a", i))).ok());
  }
  const std::string elsewhere = Token("elsewhere");
  EXPECT_TRUE(Identify(elsewhere, "192.0.2.2").ok());
  clock_.Advance(absl::Seconds(11));
  server_.Hang(true);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  pending.push_back(authenticator_->Identify(Token("a0"), kPeer, inboxes[0].Callback()));
  server_.AwaitReviews(7);
  for (std::size_t i = 1; i < inboxes.size(); ++i) {
    pending.push_back(
        authenticator_->Identify(Token(StrCat("a", i)), kPeer, inboxes[i].Callback()));
  }
  const CallerVerdict beyond = inboxes[4].Await();
  EXPECT_EQ(ReasonOf(beyond), Reason::kUpstreamUnavailable);
  EXPECT_FALSE(IsOutage(beyond.status()));
  EXPECT_TRUE(inboxes[3].empty());
  Inbox other;
  pending.push_back(authenticator_->Identify(elsewhere, "192.0.2.2", other.Callback()));
  EXPECT_TRUE(other.empty());
  server_.Hang(false);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(inboxes[i].Await().ok());
  }
  EXPECT_TRUE(other.Await().ok());
}

TEST_F(TokenAuthenticatorTest, OneAccountDoesNotFillTheLineOfItsAddress) {
  options_.max_waiting_per_account = 2;
  Authenticator();
  server_.Hang(true);
  std::vector<Inbox> inboxes(4);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  pending.push_back(authenticator_->Identify(TokenOf("a", 0), kPeer, inboxes[0].Callback()));
  server_.AwaitReviews(1);
  for (std::size_t i = 1; i < inboxes.size(); ++i) {
    pending.push_back(authenticator_->Identify(TokenOf("a", i), kPeer, inboxes[i].Callback()));
  }
  EXPECT_EQ(ReasonOf(inboxes[3].Await()), Reason::kUpstreamUnavailable);
  EXPECT_TRUE(inboxes[2].empty());
  Inbox other;
  Inbox elsewhere;
  pending.push_back(authenticator_->Identify(Token("b"), kPeer, other.Callback()));
  pending.push_back(authenticator_->Identify(TokenOf("a", 4), "192.0.2.2", elsewhere.Callback()));
  server_.Hang(false);
  EXPECT_EQ(ReasonOf(other.Await()), Reason::kCallerUnauthenticated);
  EXPECT_EQ(ReasonOf(elsewhere.Await()), Reason::kCallerUnauthenticated);
}

TEST_F(TokenAuthenticatorTest, AnAddressWithManyGoodTokensIsNotLimited) {
  options_.refusals_per_address = {.per_second = 1, .burst = 3};
  Authenticator();
  server_.Otherwise("system:serviceaccount:n:a");
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(Identify(Token(StrCat("good", i))).ok());
  }
  server_.Otherwise(absl::UnavailableError("no route"));
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(ReasonOf(Identify(Token(StrCat("new", i)))), Reason::kUpstreamUnavailable);
  }
}

TEST_F(TokenAuthenticatorTest, MemoryIsBoundedAndGarbageDoesNotPushOutWhatIsGood) {
  options_.most_refused = 10;
  options_.most_accepted = 2;
  options_.refusals_per_address = {.per_second = 1000, .burst = 1000};
  Authenticator();
  const std::string good = Token("good");
  server_.Know(good, "system:serviceaccount:n:good");
  EXPECT_TRUE(Identify(good).ok());
  for (int i = 0; i < 50; ++i) {
    static_cast<void>(Identify(Token(StrCat("bad", i))));
  }
  EXPECT_NE(authenticator_->TryIdentify(good), std::nullopt);
  EXPECT_EQ(authenticator_->TryIdentify(Token("bad0")), std::nullopt);
  EXPECT_NE(authenticator_->TryIdentify(Token("bad49")), std::nullopt);
}

TEST_F(TokenAuthenticatorTest, AWithdrawnCallIsNotCalledAndItsReviewNotMade) {
  Authenticator();
  server_.Hang(true);
  Inbox first;
  Inbox withdrawn;
  const auto pending = authenticator_->Identify(Token("first"), kPeer, first.Callback());
  server_.AwaitReviews(1);
  authenticator_->Identify(Token("second"), kPeer, withdrawn.Callback()).reset();
  authenticator_->Identify(Token("first"), kPeer, withdrawn.Callback()).reset();
  server_.Hang(false);
  EXPECT_EQ(ReasonOf(first.Await()), Reason::kCallerUnauthenticated);
  static_cast<void>(Identify(Token("third")));
  EXPECT_EQ(server_.reviews(), 2);
  EXPECT_TRUE(withdrawn.empty());
}

TEST_F(TokenAuthenticatorTest, EndsWhileAReviewHangs) {
  Authenticator();
  server_.Hang(true);
  Inbox withdrawn;
  auto begun = authenticator_->Identify(Token("a"), kPeer, withdrawn.Callback());
  server_.AwaitReviews(1);
  auto queued = authenticator_->Identify(Token("b"), kPeer, withdrawn.Callback());
  begun.reset();
  queued.reset();
  authenticator_.reset();
  EXPECT_TRUE(withdrawn.empty());
  EXPECT_TRUE(failures().empty());
}

TEST_F(TokenAuthenticatorTest, OneReviewersFailureAnswersOnlyItsOwnCaller) {
  Authenticator(2);
  const std::string unlucky = Token("unlucky");
  const std::string slow = Token("slow");
  server_.Otherwise("system:serviceaccount:n:a");
  server_.Know(unlucky, absl::UnavailableError("connection reset"));
  server_.Hang(true);
  std::vector<Inbox> inboxes(10);
  std::vector<std::unique_ptr<PendingCaller>> pending;
  Inbox failed;
  Inbox late;
  pending.push_back(authenticator_->Identify(unlucky, kPeer, failed.Callback()));
  pending.push_back(authenticator_->Identify(slow, kPeer, late.Callback()));
  server_.AwaitReviews(2);
  for (std::size_t i = 0; i < inboxes.size(); ++i) {
    pending.push_back(
        authenticator_->Identify(Token(StrCat("a", i)), kPeer, inboxes[i].Callback()));
  }
  server_.HangOnly(slow);
  EXPECT_EQ(ReasonOf(failed.Await()), Reason::kUpstreamUnavailable);
  for (Inbox& inbox : inboxes) {
    EXPECT_TRUE(inbox.Await().ok());
  }
  server_.HangOnly("");
  EXPECT_TRUE(late.Await().ok());
}

TEST_F(TokenAuthenticatorTest, ACallMayOutliveTheAuthenticator) {
  Authenticator();
  server_.Hang(true);
  Inbox begun;
  Inbox queued;
  const auto first = authenticator_->Identify(Token("a"), kPeer, begun.Callback());
  server_.AwaitReviews(1);
  const auto second = authenticator_->Identify(Token("b"), kPeer, queued.Callback());
  authenticator_.reset();
  EXPECT_EQ(ReasonOf(begun.Await()), Reason::kUpstreamUnavailable);
  EXPECT_EQ(ReasonOf(queued.Await()), Reason::kUpstreamUnavailable);
}

TEST_F(TokenAuthenticatorTest, NoErrorHoldsAToken) {
  Authenticator();
  const std::string token = Token("c4n4ry");
  for (const absl::Status& answer :
       {MakeError(Reason::kCallerUnauthenticated, "refused"), absl::UnavailableError("no route"),
        absl::InvalidArgumentError("no TokenReview")}) {
    server_.Know(token, answer);
    EXPECT_THAT(Identify(token).status().ToString(), Not(HasSubstr(token.substr(25))));
    clock_.Advance(absl::Seconds(6));
  }
  for (const std::string& failure : failures()) {
    EXPECT_THAT(failure, Not(HasSubstr(token.substr(25))));
  }
}

}  // namespace
}  // namespace credential_broker::identity
