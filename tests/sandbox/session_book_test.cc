#include "sandbox/session_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"

namespace credential_broker::sandbox {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SessionBookTest : public ::testing::Test {
 protected:
  Instant After(absl::Duration passed) const {
    return {BootTime::FromSinceBoot(absl::Hours(1)) + passed,
            absl::FromUnixSeconds(1700000000) + passed};
  }
  SandboxGrant Login() { return book_.Login(faults_, "key", After(absl::ZeroDuration())); }
  std::variant<SandboxGrant, RefreshRefusal> Refresh(const std::string& token,
                                                     absl::Duration passed = absl::Seconds(1)) {
    return book_.Refresh(faults_, token, After(passed));
  }
  SandboxGrant Refreshed(const std::string& token) {
    auto result = Refresh(token);
    EXPECT_TRUE(std::holds_alternative<SandboxGrant>(result));
    return std::holds_alternative<SandboxGrant>(result) ? std::get<SandboxGrant>(result)
                                                        : SandboxGrant{};
  }
  void ExpectRefused(const std::string& token, RefreshRefusal why,
                     absl::Duration passed = absl::Seconds(1)) {
    const auto result = Refresh(token, passed);
    ASSERT_TRUE(std::holds_alternative<RefreshRefusal>(result));
    EXPECT_EQ(std::get<RefreshRefusal>(result), why);
  }
  bool Accepts(const SandboxGrant& grant, absl::Duration passed = absl::Seconds(1)) const {
    return book_.Accepts(grant.access_token, After(passed).boot);
  }

  Faults faults_;
  SessionBook book_;
};

TEST_F(SessionBookTest, ATokenCountsForItsLifetimeOnly) {
  const SandboxGrant grant = Login();
  EXPECT_EQ(grant.lifetime, absl::Seconds(300));
  EXPECT_EQ(grant.expires, absl::FromUnixSeconds(1700000300));
  EXPECT_TRUE(Accepts(grant, absl::Seconds(299)));
  EXPECT_FALSE(Accepts(grant, absl::Seconds(300)));
  EXPECT_FALSE(book_.Accepts("stranger", After(absl::ZeroDuration()).boot));
}

TEST_F(SessionBookTest, ARefreshGivesNewTokensAndEndsTheOldOne) {
  const SandboxGrant first = Login();
  const SandboxGrant second = Refreshed(first.refresh_token);
  EXPECT_NE(second.access_token, first.access_token);
  EXPECT_NE(second.refresh_token, first.refresh_token);
  EXPECT_FALSE(Accepts(first));
  EXPECT_TRUE(Accepts(second));
}

TEST_F(SessionBookTest, TheOldAccessTokenMayLiveOn) {
  faults_.revoke_old_access_token = false;
  const SandboxGrant first = Login();
  Refreshed(first.refresh_token);
  EXPECT_TRUE(Accepts(first));
}

TEST_F(SessionBookTest, ReuseEndsTheWholeSession) {
  const SandboxGrant first = Login();
  const SandboxGrant second = Refreshed(first.refresh_token);
  ExpectRefused(first.refresh_token, RefreshRefusal::kReused);
  EXPECT_FALSE(Accepts(second));
  ExpectRefused(second.refresh_token, RefreshRefusal::kSessionEnded);
}

TEST_F(SessionBookTest, ReuseMayBeRefusedAlone) {
  faults_.refresh_reuse = RefreshReuse::kReject;
  const SandboxGrant first = Login();
  const SandboxGrant second = Refreshed(first.refresh_token);
  ExpectRefused(first.refresh_token, RefreshRefusal::kReused);
  EXPECT_TRUE(Accepts(second));
}

TEST_F(SessionBookTest, ReuseMayGoUnseen) {
  faults_.refresh_reuse = RefreshReuse::kAccept;
  const SandboxGrant first = Login();
  Refreshed(first.refresh_token);
  EXPECT_TRUE(Accepts(Refreshed(first.refresh_token)));
}

TEST_F(SessionBookTest, WithoutRotationTheRefreshTokenStays) {
  faults_.rotate_refresh_token = false;
  const SandboxGrant first = Login();
  EXPECT_EQ(Refreshed(first.refresh_token).refresh_token, first.refresh_token);
  EXPECT_EQ(Refreshed(first.refresh_token).refresh_token, first.refresh_token);
}

TEST_F(SessionBookTest, ARefreshAfterTheEndIsTooLate) {
  const SandboxGrant grant = Login();
  ExpectRefused(grant.refresh_token, RefreshRefusal::kTooLate, absl::Seconds(300));
  faults_.refresh_within_lifetime = false;
  EXPECT_TRUE(
      std::holds_alternative<SandboxGrant>(Refresh(grant.refresh_token, absl::Seconds(300))));
}

TEST_F(SessionBookTest, AStrangersRefreshTokenIsUnknown) {
  Login();
  ExpectRefused("stranger", RefreshRefusal::kUnknown);
  book_.NoteSpent("stranger");
  ExpectRefused("stranger", RefreshRefusal::kUnknown);
}

TEST_F(SessionBookTest, SessionsLiveSideBySideUnlessOnlyOneMay) {
  const SandboxGrant first = Login();
  const SandboxGrant second = Login();
  EXPECT_TRUE(Accepts(first));
  faults_.one_session = true;
  const SandboxGrant third = Login();
  EXPECT_FALSE(Accepts(first));
  EXPECT_FALSE(Accepts(second));
  EXPECT_TRUE(Accepts(third));
}

TEST_F(SessionBookTest, RevokingEndsAll) {
  const SandboxGrant grant = Login();
  book_.RevokeAll();
  EXPECT_FALSE(Accepts(grant));
  ExpectRefused(grant.refresh_token, RefreshRefusal::kSessionEnded);
}

TEST_F(SessionBookTest, SpendingTwiceIsSeenUnlessItWasGivenOutAgain) {
  EXPECT_FALSE(book_.NoteSpent("a"));
  EXPECT_TRUE(book_.NoteSpent("a"));
  book_.NoteDelivered("a");
  EXPECT_FALSE(book_.NoteSpent("a"));
  EXPECT_FALSE(book_.NoteSpent("b"));
}

TEST_F(SessionBookTest, SpendingIsSeenAcrossAFailureToo) {
  const SandboxGrant grant = Login();
  EXPECT_FALSE(book_.NoteSpent(grant.refresh_token));
  EXPECT_TRUE(book_.NoteSpent(grant.refresh_token));
}

std::string PayloadOf(const std::string& token) {
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  std::string payload;
  EXPECT_EQ(parts.size(), 3U);
  EXPECT_TRUE(parts.size() == 3 && absl::WebSafeBase64Unescape(parts[1], &payload));
  return payload;
}

TEST_F(SessionBookTest, AJwtTellsItsTimes) {
  const std::string payload = PayloadOf(Login().access_token);
  EXPECT_THAT(payload, HasSubstr(R"("iat":1700000000)"));
  EXPECT_THAT(payload, HasSubstr(R"("exp":1700000300)"));
}

TEST_F(SessionBookTest, NoLifetimeAnywhereIsNoExpEither) {
  faults_.expiry = Expiry::kMissing;
  EXPECT_THAT(PayloadOf(Login().access_token), Not(HasSubstr("exp")));
}

TEST_F(SessionBookTest, TokensComeInEveryFormat) {
  faults_.token_format = TokenFormat::kJwtWithoutExp;
  EXPECT_THAT(PayloadOf(Login().access_token), Not(HasSubstr("exp")));
  faults_.token_format = TokenFormat::kOpaque;
  EXPECT_EQ(Login().access_token.find('.'), std::string::npos);
  faults_.token_format = TokenFormat::kLong;
  EXPECT_GT(Login().access_token.size(), 4096U);
}

}  // namespace
}  // namespace credential_broker::sandbox
