#include "service/access_token.h"

#include <gtest/gtest.h>

#include <limits>

#include "core/reason.h"
#include "service/fakes.h"
#include "support/fake_clock.h"

namespace credential_broker::service {
namespace {

TEST(FillAccessToken, TellsTheTimeThatIsLeftNow) {
  FakeClock clock(absl::FromUnixSeconds(1'800'000'000));
  const auto token = MakeToken(clock, "secret-value", "v1");
  clock.Advance(absl::Seconds(100));
  api::AccessToken message;
  FillAccessToken(*token, clock.Now(), clock, message);
  EXPECT_EQ(message.value(), "secret-value");
  EXPECT_EQ(message.token_type(), "Bearer");
  EXPECT_EQ(message.version(), "v1");
  EXPECT_EQ(message.remaining_validity().seconds(), 200);
  EXPECT_EQ(message.expire_time().seconds(), 1'800'000'300);
  EXPECT_EQ(message.refresh_time().seconds(), 1'800'000'150);
}

TEST(FillAccessToken, AWallClockThatWasSetMovesTheInstantsNotTheRemainder) {
  FakeClock clock(absl::FromUnixSeconds(1'800'000'000));
  const auto token = MakeToken(clock, "x", "v1");
  clock.JumpWall(absl::Hours(1));
  api::AccessToken message;
  FillAccessToken(*token, clock.Now(), clock, message);
  EXPECT_EQ(message.remaining_validity().seconds(), 300);
  EXPECT_EQ(message.expire_time().seconds(), 1'800'003'900);
}

TEST(FillAccessToken, AThreadThatIsHeldUpTellsOfTheMomentThatItJudgedBy) {
  FakeClock clock(absl::FromUnixSeconds(1'800'000'000));
  const auto token = MakeToken(clock, "x", "v1");
  const BootTime judged_at = clock.Now();
  clock.Advance(absl::Seconds(7));
  api::AccessToken message;
  FillAccessToken(*token, judged_at, clock, message);
  EXPECT_EQ(message.remaining_validity().seconds(), 300);
  EXPECT_EQ(message.expire_time().seconds(), 1'800'000'300);
}

TEST(ToProto, CredentialHasNoTokenAndLeavesOutWhatIsNotKnown) {
  CredentialStatus status;
  status.name = "default";
  status.state = CredentialState::kRejected;
  status.last_error = Reason::kCredentialRejected;
  const api::Credential message = ToProto(status);
  EXPECT_EQ(message.name(), "default");
  EXPECT_EQ(message.state(), api::Credential::STATE_REJECTED);
  EXPECT_EQ(message.last_error_reason(), "CREDENTIAL_REJECTED");
  EXPECT_FALSE(message.has_expire_time());
  EXPECT_FALSE(message.has_last_refresh_time());
  EXPECT_FALSE(message.has_next_refresh_time());
}

struct DurationCase {
  std::int64_t seconds;
  std::int32_t nanos;
  bool valid;
};

class NonNegativeDurationTest : public testing::TestWithParam<DurationCase> {};

TEST_P(NonNegativeDurationTest, AcceptsOnlyWhatProtobufCallsADuration) {
  google::protobuf::Duration message;
  message.set_seconds(GetParam().seconds);
  message.set_nanos(GetParam().nanos);
  const auto duration = NonNegativeDuration(message, "min_validity");
  ASSERT_EQ(duration.ok(), GetParam().valid);
  if (duration.ok()) {
    EXPECT_EQ(*duration, absl::Seconds(GetParam().seconds) + absl::Nanoseconds(GetParam().nanos));
  } else {
    EXPECT_EQ(DetailsOf(duration.status())->reason, Reason::kInvalidRequest);
    EXPECT_NE(duration.status().message().find("min_validity"), absl::string_view::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, NonNegativeDurationTest,
    testing::Values(DurationCase{0, 0, true}, DurationCase{60, 500, true},
                    DurationCase{315'576'000'000, 0, true}, DurationCase{315'576'000'001, 0, false},
                    DurationCase{-1, 0, false}, DurationCase{0, -1, false},
                    DurationCase{0, 1'000'000'000, false},
                    DurationCase{std::numeric_limits<std::int64_t>::min(), 0, false},
                    DurationCase{std::numeric_limits<std::int64_t>::max(), 0, false}));

}  // namespace
}  // namespace credential_broker::service
