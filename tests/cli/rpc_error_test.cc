#include "cli/rpc_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/error_hints.h"
#include "cli/exit_code.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;

std::string Details(const std::string& domain, const std::string& reason, int retry_seconds = 0,
                    int retry_nanos = 0) {
  google::rpc::Status status;
  google::rpc::ErrorInfo info;
  info.set_domain(domain);
  info.set_reason(reason);
  (*info.mutable_metadata())["max_min_validity_seconds"] = "240";
  status.add_details()->PackFrom(info);
  if (retry_seconds + retry_nanos > 0) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(retry_seconds);
    retry.mutable_retry_delay()->set_nanos(retry_nanos);
    status.add_details()->PackFrom(retry);
  }
  return status.SerializeAsString();
}

TEST(ExitCodeOf, IsFourForWhoMayNotAndTwoForAllElse) {
  for (int code = 1; code <= 16; ++code) {
    const bool refused = code == 7 || code == 16;
    EXPECT_EQ(ExitCodeOf(MakeRpcError(code, "", "")), refused ? kExitNotAllowed : kExitBrokerError)
        << code;
  }
}

TEST(ExitCodeOf, IsFourForARefusedClientCertificate) {
  RpcError error = MakeRpcError(14, "Socket closed", "");
  EXPECT_EQ(ExitCodeOf(error), kExitBrokerError);
  error.client_certificate_refused = true;
  EXPECT_EQ(ExitCodeOf(error), kExitNotAllowed);
  EXPECT_THAT(HintFor(error), HasSubstr("--cert-file"));
}

TEST(Describe, NamesCodeReasonAndMessage) {
  const RpcError error = MakeRpcError(9, "InvestSuite refuses the key",
                                      Details("credential-broker", "CREDENTIAL_REJECTED"));
  EXPECT_EQ(Describe(error, "host:1"),
            "FAILED_PRECONDITION CREDENTIAL_REJECTED: InvestSuite refuses the key");
}

TEST(Describe, NamesTheAddressWhereItIsNotTheBrokersWord) {
  EXPECT_EQ(Describe(MakeRpcError(14, "connection refused", ""), "host:1"),
            "UNAVAILABLE: host:1: connection refused");
  EXPECT_EQ(Describe(MakeRpcError(9, "m", Details("another-domain", "X")), "host:1"),
            "FAILED_PRECONDITION: host:1: m");
}

TEST(Describe, LetsNoControlCharacterThrough) {
  EXPECT_EQ(Describe(MakeRpcError(13, "a\x1b[2J\nb\r", ""), "h:1"), "INTERNAL: h:1: a?[2J?b?");
}

TEST(MakeRpcError, UnreadableDetailsCountAsNone) {
  const RpcError error = MakeRpcError(14, "m", "\xff\xff\xff garbage");
  EXPECT_EQ(error.reason, "");
  EXPECT_EQ(error.code, absl::StatusCode::kUnavailable);
}

TEST(HintFor, SaysWhenToTryAgainRoundedUp) {
  const RpcError error =
      MakeRpcError(14, "m", Details("credential-broker", "UPSTREAM_UNAVAILABLE", 2, 1));
  EXPECT_EQ(*error.retry_after, absl::Seconds(2) + absl::Nanoseconds(1));
  EXPECT_THAT(HintFor(error), HasSubstr("try again in 3s"));
}

TEST(HintFor, TellsTheBoundOfMinValidity) {
  EXPECT_EQ(HintFor(MakeRpcError(3, "m", Details("credential-broker", "MIN_VALIDITY_TOO_LONG"))),
            "the longest --min-validity is 240s");
}

TEST(HintFor, HasAWordForEveryReasonThatACallerCanMend) {
  for (const char* reason :
       {"TOKEN_NOT_READY", "UPSTREAM_UNAVAILABLE", "UPSTREAM_RATE_LIMITED", "REFRESH_COOLDOWN",
        "SHUTTING_DOWN", "CREDENTIAL_REJECTED", "CREDENTIAL_NOT_FOUND", "MIN_VALIDITY_TOO_LONG",
        "CALLER_NOT_ALLOWED", "CALLER_UNAUTHENTICATED", "CALLER_RATE_LIMITED"}) {
    EXPECT_NE(HintFor(MakeRpcError(14, "m", Details("credential-broker", reason))), "") << reason;
  }
  EXPECT_EQ(HintFor(MakeRpcError(14, "m", Details("credential-broker", "OF_A_LATER_VERSION"))), "");
}

}  // namespace
}  // namespace credential_broker::cli
