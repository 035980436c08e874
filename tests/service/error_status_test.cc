#include "service/error_status.h"

#include <gtest/gtest.h>

#include "core/reason.h"
#include "service/fakes.h"

namespace credential_broker::service {
namespace {

TEST(ToRpcStatus, CarriesReasonDomainMetadataAndRetryDelay) {
  const google::rpc::Status status =
      ToRpcStatus(MakeError(Reason::kUpstreamUnavailable, "InvestSuite answers 503",
                            absl::Milliseconds(1500), {{"key", "value"}}));
  EXPECT_EQ(status.code(), 14);
  EXPECT_EQ(status.message(), "InvestSuite answers 503");
  EXPECT_EQ(ErrorInfoOf(status).reason(), "UPSTREAM_UNAVAILABLE");
  EXPECT_EQ(ErrorInfoOf(status).domain(), "credential-broker");
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("key"), "value");
  ASSERT_TRUE(RetryDelayOf(status).has_value());
  EXPECT_EQ(RetryDelayOf(status)->seconds(), 1);
  EXPECT_EQ(RetryDelayOf(status)->nanos(), 500'000'000);
}

TEST(ToRpcStatus, NoRetryInfoWithoutADelay) {
  const google::rpc::Status status = ToRpcStatus(MakeError(Reason::kCallerNotAllowed, "no"));
  EXPECT_EQ(status.code(), 7);
  EXPECT_FALSE(RetryDelayOf(status).has_value());
}

TEST(ToRpcStatus, EveryReasonHasTheCodeOfTheContract) {
  const std::map<Reason, int> codes = {
      {Reason::kTokenNotReady, 14},         {Reason::kUpstreamUnavailable, 14},
      {Reason::kUpstreamRateLimited, 14},   {Reason::kRefreshCooldown, 14},
      {Reason::kShuttingDown, 14},          {Reason::kCredentialRejected, 9},
      {Reason::kCredentialNotFound, 5},     {Reason::kMinValidityTooLong, 3},
      {Reason::kInvalidRequest, 3},         {Reason::kCallerNotAllowed, 7},
      {Reason::kCallerUnauthenticated, 16}, {Reason::kCallerRateLimited, 8},
  };
  for (const auto& [reason, code] : codes) {
    EXPECT_EQ(ToRpcStatus(MakeError(reason, "x")).code(), code) << ReasonName(reason);
  }
}

TEST(ToRpcStatus, AStatusOfAnotherMakeTravelsWithoutDetails) {
  const google::rpc::Status status = ToRpcStatus(absl::InternalError("odd"));
  EXPECT_EQ(status.code(), 13);
  EXPECT_EQ(status.details_size(), 0);
}

}  // namespace
}  // namespace credential_broker::service
