#include "service/caller.h"

#include <gtest/gtest.h>

#include "service/fakes.h"

namespace credential_broker::service {
namespace {

class GatekeeperTest : public testing::Test {
 protected:
  GatekeeperTest()
      : credentials_(CredentialSet({{"default", std::make_shared<FakeCredential>()},
                                    {"other", std::make_shared<FakeCredential>()}},
                                   AccessPolicy({{"default", Patterns({"anonymous", "dns:orders"})},
                                                 {"other", Patterns({"dns:other"})}}))) {}

  // The whole way of a call that need not wait.
  absl::StatusOr<Admission> Admit(const FakeCall& call, std::string_view name) {
    absl::StatusOr<std::string> principal = *gatekeeper_.TryAuthenticate(call);
    if (!principal.ok()) {
      return principal.status();
    }
    return gatekeeper_.Admit(call, *std::move(principal), name);
  }

  Reason ReasonFor(const FakeCall& call, std::string_view name) {
    const auto admission = Admit(call, name);
    EXPECT_FALSE(admission.ok());
    return DetailsOf(admission.status())->reason;
  }

  CurrentCredentials credentials_;
  RecordedAudit audit_;
  Gatekeeper gatekeeper_{credentials_, audit_};
};

TEST_F(GatekeeperTest, AnEmptyNameMeansDefault) {
  const auto admission = Admit(FakeCall(), "");
  ASSERT_TRUE(admission.ok()) << admission.status();
  EXPECT_EQ(admission->principal, "anonymous");
  EXPECT_EQ(admission->credential_name, "default");
  EXPECT_EQ(admission->credential, credentials_.Get()->Find("default"));
  EXPECT_TRUE(audit_.denied.empty());
}

TEST_F(GatekeeperTest, WhatIsNotThereAndWhatIsNotYoursLookTheSame) {
  const FakeCall call;
  const absl::Status not_yours = Admit(call, "other").status();
  const absl::Status not_there = Admit(call, "nowhere").status();
  EXPECT_EQ(not_yours.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(not_there.code(), absl::StatusCode::kPermissionDenied);
  std::string expected(not_yours.message());
  expected.replace(expected.find("'other'"), 7, "'nowhere'");
  EXPECT_EQ(expected, std::string(not_there.message()));
  ASSERT_EQ(audit_.denied.size(), 2u);
  EXPECT_EQ(audit_.denied[0].credential, "other");
  EXPECT_EQ(audit_.denied[0].principal, "anonymous");
  EXPECT_EQ(audit_.denied[0].reason, Reason::kCallerNotAllowed);
}

TEST_F(GatekeeperTest, WhoMayAskForAnyNameIsToldThatOneDoesNotExist) {
  credentials_.Replace(std::make_shared<const CredentialSet>(
      CredentialSet({{"default", credentials_.Get()->Find("default")}},
                    AccessPolicy({}, Patterns({"anonymous"})))));
  EXPECT_TRUE(Admit(FakeCall(), "default").ok());
  const absl::Status missing = Admit(FakeCall(), "nowhere").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(DetailsOf(missing)->reason, Reason::kCredentialNotFound);
}

TEST_F(GatekeeperTest, NamesThatCannotBeAreInvalid) {
  for (const std::string& name :
       {std::string("Default"), std::string("a b"), std::string("a/b"), std::string(64, 'a'),
        std::string("default\0", 8), std::string("\xff")}) {
    EXPECT_EQ(ReasonFor(FakeCall(), name), Reason::kInvalidRequest) << name;
  }
}

TEST_F(GatekeeperTest, NamesOfUpTo63CharactersAreNames) {
  for (const std::string& name : {std::string(63, 'a'), std::string("a"), std::string("0-9")}) {
    EXPECT_EQ(ReasonFor(FakeCall(), name), Reason::kCallerNotAllowed) << name;
  }
}

TEST_F(GatekeeperTest, ACertificateThatNamesNobodyIsUnauthenticatedAndWrittenDown) {
  FakeCall call;
  Peer peer;
  peer.has_certificate = true;
  peer.uri_sans = {"spiffe://a/b", "spiffe://a/c"};
  call.set_peer(peer);
  EXPECT_EQ(ReasonFor(call, "default"), Reason::kCallerUnauthenticated);
  ASSERT_EQ(audit_.denied.size(), 1u);
  EXPECT_EQ(audit_.denied[0].reason, Reason::kCallerUnauthenticated);
}

}  // namespace
}  // namespace credential_broker::service
