#include "service/call_admission.h"

#include <gtest/gtest.h>

#include <string>

#include "google/rpc/error_details.pb.h"
#include "service/caller.h"
#include "service/fakes.h"
#include "support/fake_clock.h"

namespace credential_broker::service {
namespace {

Peer Anonymous(std::string_view host) {
  Peer peer;
  peer.counted_as = host;
  return peer;
}

Peer WithDnsName(std::string_view name) {
  Peer peer;
  peer.has_certificate = true;
  peer.dns_sans = {std::string(name)};
  return peer;
}

class CallAdmissionTest : public testing::Test {
 protected:
  bool Allows(const Peer& peer) { return !admission_.CountCall(peer).has_value(); }

  FakeClock clock_;
  RecordedAudit audit_;
  // So slow that nothing comes back.
  KeyedRateLimiter rate_{RateLimit{.per_second = 0.01, .burst = 2}, clock_};
  CallAdmission admission_{audit_, rate_};
};

TEST_F(CallAdmissionTest, RefusesCallsOfAPrincipalBeyondItsRateAndSaysWhenToComeBack) {
  EXPECT_TRUE(Allows(WithDnsName("orders")));
  EXPECT_TRUE(Allows(WithDnsName("orders")));
  const std::optional<google::rpc::Status> refusal = admission_.CountCall(WithDnsName("orders"));
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->code(), static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorInfoOf(*refusal).reason(), "CALLER_RATE_LIMITED");
  google::rpc::RetryInfo retry;
  ASSERT_EQ(refusal->details_size(), 2);
  ASSERT_TRUE(refusal->details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 100);
  ASSERT_EQ(audit_.denied.size(), 1U);
  EXPECT_EQ(audit_.denied[0].principal, "dns:orders");
  EXPECT_TRUE(Allows(WithDnsName("billing")));
}

TEST_F(CallAdmissionTest, SharesThePrincipalsLimitWithItsTokenCalls) {
  rate_.Take("dns:orders");
  rate_.Take("dns:orders");
  EXPECT_FALSE(Allows(WithDnsName("orders")));
}

TEST_F(CallAdmissionTest, AnonymousCallersOfOneAddressDoNotUseUpTheLimitOfAnother) {
  rate_.Take("anonymous");
  rate_.Take("anonymous");  // of GetToken
  EXPECT_TRUE(Allows(Anonymous("10.0.0.1")));
  EXPECT_TRUE(Allows(Anonymous("10.0.0.1")));
  EXPECT_FALSE(Allows(Anonymous("10.0.0.1")));
  EXPECT_TRUE(Allows(Anonymous("10.0.0.2")));
}

TEST_F(CallAdmissionTest, CertificatesThatNameNoPrincipalShareOneLimit) {
  Peer unnamed;
  unnamed.has_certificate = true;
  EXPECT_TRUE(Allows(unnamed));
  EXPECT_TRUE(Allows(unnamed));
  unnamed.counted_as = "10.0.0.9";
  EXPECT_FALSE(Allows(unnamed));
  EXPECT_EQ(audit_.denied.at(0).principal, "");
}

TEST_F(CallAdmissionTest, WithoutALimitNothingIsCounted) {
  rate_.SetLimit(std::nullopt);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(Allows(WithDnsName("orders")));
  }
  EXPECT_EQ(rate_.size(), 0U);
}

TEST_F(CallAdmissionTest, TooManyStreamsNamesTheKeyOfTheLimit) {
  const google::rpc::Status status = admission_.TooManyStreams(WithDnsName("orders"));
  EXPECT_EQ(ErrorInfoOf(status).reason(), "CALLER_RATE_LIMITED");
  EXPECT_NE(status.message().find("'dns:orders'"), std::string::npos);
  EXPECT_NE(status.message().find("server.max_streams_per_principal"), std::string::npos);
  EXPECT_EQ(audit_.denied.at(0).principal, "dns:orders");
}

TEST_F(CallAdmissionTest, TooManyStreamsNamesTheAddressOfAnonymousCallers) {
  const google::rpc::Status status = admission_.TooManyStreams(Anonymous("10.0.0.1"));
  EXPECT_NE(status.message().find("'anonymous at 10.0.0.1'"), std::string::npos)
      << status.message();
  EXPECT_EQ(audit_.denied.at(0).principal, "anonymous");
}

TEST_F(CallAdmissionTest, TooManyStreamsOfCertificatesThatNameNoPrincipalNamesTheLimitTheyShare) {
  Peer unnamed;
  unnamed.has_certificate = true;
  const google::rpc::Status status = admission_.TooManyStreams(unnamed);
  EXPECT_NE(status.message().find("'unidentified'"), std::string::npos) << status.message();
  EXPECT_EQ(audit_.denied.at(0).principal, "");
}

}  // namespace
}  // namespace credential_broker::service
