#include "core/reason.h"

#include <gtest/gtest.h>

#include <string_view>

namespace credential_broker {
namespace {

struct Expected {
  std::string_view name;
  Reason reason;
  absl::StatusCode code;
};

constexpr Expected kContract[] = {
    {"TOKEN_NOT_READY", Reason::kTokenNotReady, absl::StatusCode::kUnavailable},
    {"UPSTREAM_UNAVAILABLE", Reason::kUpstreamUnavailable, absl::StatusCode::kUnavailable},
    {"UPSTREAM_RATE_LIMITED", Reason::kUpstreamRateLimited, absl::StatusCode::kUnavailable},
    {"REFRESH_COOLDOWN", Reason::kRefreshCooldown, absl::StatusCode::kUnavailable},
    {"SHUTTING_DOWN", Reason::kShuttingDown, absl::StatusCode::kUnavailable},
    {"CREDENTIAL_REJECTED", Reason::kCredentialRejected, absl::StatusCode::kFailedPrecondition},
    {"CREDENTIAL_NOT_FOUND", Reason::kCredentialNotFound, absl::StatusCode::kNotFound},
    {"MIN_VALIDITY_TOO_LONG", Reason::kMinValidityTooLong, absl::StatusCode::kInvalidArgument},
    {"INVALID_REQUEST", Reason::kInvalidRequest, absl::StatusCode::kInvalidArgument},
    {"CALLER_NOT_ALLOWED", Reason::kCallerNotAllowed, absl::StatusCode::kPermissionDenied},
    {"CALLER_UNAUTHENTICATED", Reason::kCallerUnauthenticated, absl::StatusCode::kUnauthenticated},
    {"CALLER_RATE_LIMITED", Reason::kCallerRateLimited, absl::StatusCode::kResourceExhausted},
};

TEST(Reason, EachHasItsNameAndCode) {
  for (const Expected& expected : kContract) {
    EXPECT_EQ(ReasonName(expected.reason), expected.name);
    const absl::Status status = MakeError(expected.reason, "why");
    EXPECT_EQ(status.code(), expected.code) << expected.name;
    EXPECT_EQ(status.message(), "why");
    ASSERT_TRUE(DetailsOf(status).has_value());
    EXPECT_EQ(DetailsOf(status)->reason, expected.reason);
  }
}

TEST(Reason, DetailsTravelInsideTheStatus) {
  const absl::Status status =
      MakeError(Reason::kRefreshCooldown, "m", absl::Milliseconds(1500), {{"a", "1"}, {"b", ""}});
  const auto details = DetailsOf(absl::Status(status));
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->retry_after, absl::Milliseconds(1500));
  EXPECT_EQ(details->metadata, (std::map<std::string, std::string>{{"a", "1"}, {"b", ""}}));
}

TEST(Reason, NoRetryDelayUnlessGiven) {
  const auto details = DetailsOf(MakeError(Reason::kCredentialRejected, "m"));
  ASSERT_TRUE(details.has_value());
  EXPECT_FALSE(details->retry_after.has_value());
  EXPECT_TRUE(details->metadata.empty());
}

TEST(Reason, OtherStatusesHaveNoDetails) {
  EXPECT_FALSE(DetailsOf(absl::OkStatus()).has_value());
  EXPECT_FALSE(DetailsOf(absl::UnavailableError("m")).has_value());
}

}  // namespace
}  // namespace credential_broker
