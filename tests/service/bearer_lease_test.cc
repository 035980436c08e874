#include "service/bearer_lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/reason.h"
#include "service/fake_tokens.h"
#include "service/fakes.h"
#include "support/fake_clock.h"

namespace credential_broker::service {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;

constexpr std::string_view kLeaseAccount = "system:serviceaccount:orders:api";
constexpr std::string_view kToken = "a.b.c";

class BearerLeaseTest : public testing::Test {
 protected:
  BearerLeaseTest() {
    call_.AddMetadata("authorization", "Bearer a.b.c");
    Peer peer;
    peer.address = "192.0.2.1:50123";
    peer.counted_as = "192.0.2.1";
    call_.set_peer(peer);
  }

  void Begin() {
    lease_.emplace(call_, std::string(kLeaseAccount), tokens_, shared_,
                   [this](const absl::Status& status) {
                     EXPECT_FALSE(ended_.has_value()) << "it ends once";
                     ended_ = status;
                   });
    lease_->Begin();
  }
  void Know(identity::CallerVerdict verdict) {
    tokens_.known.insert_or_assign(std::string(kToken), std::move(verdict));
  }
  void Answer(identity::CallerVerdict verdict) {
    std::move(tokens_.waiting)(std::move(verdict));
    call_.RunPosted();
  }
  void Advance(absl::Duration by) { clock_.Advance(by); }
  // Lets the time of the timer pass, and runs it.
  void PassTimer() {
    ASSERT_EQ(call_.timers().size(), 1U);
    Advance(call_.timers().front());
    call_.FireTimer();
  }
  Reason ReasonOfEnd() const {
    const auto details = DetailsOf(*ended_);
    return details.has_value() ? details->reason : Reason::kInvalidRequest;
  }
  static identity::CallerVerdict Refused() {
    return MakeError(Reason::kCallerUnauthenticated, "deleted");
  }
  static identity::CallerVerdict NobodyToAsk() {
    return identity::MarkOutage(MakeError(Reason::kUpstreamUnavailable, "no API server"));
  }

  FakeClock clock_;
  FakeTokens tokens_;
  FakeCall call_;
  BearerLeases shared_{clock_};
  std::optional<BearerLease> lease_;
  std::optional<absl::Status> ended_;
};

TEST_F(BearerLeaseTest, AsksAgainAtTheEndOfEachVerdict) {
  Know(Verified(kLeaseAccount, clock_.Now() + absl::Seconds(10)));
  Begin();
  EXPECT_EQ(tokens_.asks, 0) << "the call's own authentication has just asked";
  EXPECT_THAT(call_.timers(), ElementsAre(AllOf(Ge(absl::Seconds(10)), Le(absl::Seconds(11)))));
  for (int review = 1; review <= 3; ++review) {
    tokens_.known.clear();
    PassTimer();
    EXPECT_EQ(tokens_.asks, review);
    EXPECT_EQ(tokens_.asked, kToken);
    EXPECT_EQ(tokens_.asked_by, "192.0.2.1") << "reviews are counted by address, not by connection";
    Answer(Verified(kLeaseAccount, clock_.Now() + absl::Seconds(10)));
    EXPECT_EQ(tokens_.withdrawn, review);
  }
  EXPECT_FALSE(ended_.has_value());
}

TEST_F(BearerLeaseTest, AVerdictThatIsKnownAgainCostsNoReview) {
  Know(Verified(kLeaseAccount, clock_.Now() + absl::Seconds(10)));
  Begin();
  Know(Verified(kLeaseAccount, clock_.Now() + absl::Seconds(20)));
  PassTimer();
  EXPECT_EQ(tokens_.asks, 0);
  EXPECT_THAT(call_.timers(), ElementsAre(Ge(absl::Seconds(9))));
}

TEST_F(BearerLeaseTest, EndsWhenAReviewRefusesTheToken) {
  Know(Verified(kLeaseAccount, clock_.Now() + absl::Seconds(10)));
  Begin();
  tokens_.known.clear();
  PassTimer();
  Answer(Refused());
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ReasonOfEnd(), Reason::kCallerUnauthenticated);
  EXPECT_THAT(call_.timers(), IsEmpty());
}

TEST_F(BearerLeaseTest, EndsWhenTheTokenBelongsToAnother) {
  Know(Verified("system:serviceaccount:orders:other"));
  Begin();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ReasonOfEnd(), Reason::kCallerUnauthenticated);
}

TEST_F(BearerLeaseTest, EndsAtTheTokensExpiryWhateverTheVerdict) {
  Know(Verified(kLeaseAccount, clock_.Now() + absl::Seconds(10),
                clock_.WallNow() + absl::Seconds(4)));
  Begin();
  EXPECT_THAT(call_.timers(), ElementsAre(absl::Seconds(4)));
  PassTimer();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ReasonOfEnd(), Reason::kCallerUnauthenticated);
  EXPECT_EQ(tokens_.asks, 0);
}

TEST_F(BearerLeaseTest, EndsAtTheTokensExpiryAlsoWhileAReviewHangs) {
  Know(Verified(kLeaseAccount, clock_.Now() + absl::Seconds(1),
                clock_.WallNow() + absl::Seconds(15)));
  Begin();
  tokens_.known.clear();
  PassTimer();
  EXPECT_EQ(tokens_.asks, 1);
  PassTimer();
  EXPECT_FALSE(ended_.has_value());
  EXPECT_EQ(tokens_.asks, 1) << "one review is waited for at a time";
  PassTimer();
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(tokens_.withdrawn, 1);
}

TEST_F(BearerLeaseTest, GoesOnForMinutesWhileNobodyCanBeAsked) {
  Know(
      Verified(kLeaseAccount, clock_.Now() + absl::Seconds(10), clock_.WallNow() + absl::Hours(1)));
  Begin();
  tokens_.known.clear();
  const BootTime begin = clock_.Now();
  while (!ended_.has_value() && clock_.Now() - begin < absl::Hours(1)) {
    PassTimer();
    if (tokens_.waiting != nullptr) {
      Answer(NobodyToAsk());
      tokens_.waiting = nullptr;
    }
  }
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ReasonOfEnd(), Reason::kUpstreamUnavailable);
  EXPECT_EQ(clock_.Now() - begin, absl::Minutes(5));
}

TEST_F(BearerLeaseTest, AReviewWithoutAVerdictEndsTheCallAfterMinutesToo) {
  Know(Verified(kLeaseAccount, clock_.Now()));
  Begin();
  tokens_.known.clear();
  const BootTime begin = clock_.Now();
  while (!ended_.has_value() && clock_.Now() - begin < absl::Minutes(6)) {
    PassTimer();
  }
  ASSERT_TRUE(ended_.has_value());
  EXPECT_EQ(ReasonOfEnd(), Reason::kUpstreamUnavailable);
  EXPECT_EQ(clock_.Now() - begin, absl::Minutes(5));
}

TEST_F(BearerLeaseTest, AnAcceptedReviewBeginsTheMinutesAnew) {
  Know(Verified(kLeaseAccount, clock_.Now() + absl::Seconds(10)));
  Begin();
  tokens_.known.clear();
  for (int i = 0; i < 100; ++i) {
    PassTimer();
    Answer(i % 10 == 9 ? Verified(kLeaseAccount, clock_.Now() + absl::Seconds(10)) : NobodyToAsk());
  }
  EXPECT_FALSE(ended_.has_value());
}

TEST_F(BearerLeaseTest, AFailedReviewPausesThoseOfAllOtherCalls) {
  Know(Verified(kLeaseAccount, clock_.Now()));
  FakeCall other;
  other.AddMetadata("authorization", "Bearer d.e.f");
  tokens_.known.insert_or_assign("d.e.f", Verified(kLeaseAccount, clock_.Now()));
  Begin();
  BearerLease second(other, std::string(kLeaseAccount), tokens_, shared_,
                     [](const absl::Status&) { FAIL(); });
  second.Begin();
  tokens_.known.clear();
  call_.FireTimer();
  Answer(NobodyToAsk());
  EXPECT_EQ(tokens_.asks, 1);
  other.FireTimer();
  EXPECT_EQ(tokens_.asks, 1);
  Advance(absl::Seconds(10));
  other.FireTimer();
  EXPECT_EQ(tokens_.asks, 2);
}

TEST_F(BearerLeaseTest, AnAddressThatHasTooManyReviewsPausesNoneOfOtherCalls) {
  Know(Verified(kLeaseAccount, clock_.Now()));
  FakeCall other;
  other.AddMetadata("authorization", "Bearer d.e.f");
  tokens_.known.insert_or_assign("d.e.f", Verified(kLeaseAccount, clock_.Now()));
  Begin();
  BearerLease second(other, std::string(kLeaseAccount), tokens_, shared_,
                     [](const absl::Status&) { FAIL(); });
  second.Begin();
  tokens_.known.clear();
  call_.FireTimer();
  Answer(MakeError(Reason::kUpstreamUnavailable, "too many wait"));
  EXPECT_THAT(call_.timers(), ElementsAre(Ge(absl::Seconds(10)))) << "it is asked again later";
  EXPECT_FALSE(ended_.has_value());
  other.FireTimer();
  EXPECT_EQ(tokens_.asks, 2);
}

TEST_F(BearerLeaseTest, AVerdictAfterItsEndIsNotHeard) {
  Know(Verified(kLeaseAccount, clock_.Now(), clock_.WallNow() + absl::Seconds(1)));
  Begin();
  tokens_.known.clear();
  call_.FireTimer();
  ASSERT_EQ(tokens_.asks, 1);
  std::move(tokens_.waiting)(Refused());
  Advance(absl::Seconds(2));
  call_.FireTimer();
  ASSERT_TRUE(ended_.has_value());
  call_.RunPosted();
}

}  // namespace
}  // namespace credential_broker::service
