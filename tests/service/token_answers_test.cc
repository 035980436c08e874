#include "service/token_answers.h"

#include <gtest/gtest.h>

#include <string>

#include "service/fakes.h"
#include "support/fake_clock.h"

namespace credential_broker::service {
namespace {

class TokenAnswersTest : public testing::Test {
 protected:
  TokenFrame For(const TokenPtr& token) { return answers_.For(token, clock_.Now(), clock_); }
  static api::AccessToken TokenIn(const TokenFrame& frame) {
    api::GetTokenResponse response;
    EXPECT_TRUE(response.ParseFromString(frame->substr(rpc::kFramePrefixSize)));
    return response.token();
  }

  FakeClock clock_;
  TokenAnswers answers_;
  const TokenPtr token_ = MakeToken(clock_, "the-token", "v1");
};

TEST_F(TokenAnswersTest, CallsOfOneMillisecondShareAnAnswer) {
  const TokenFrame first = For(token_);
  clock_.Advance(absl::Microseconds(999));
  EXPECT_EQ(For(token_), first);
  EXPECT_EQ(TokenIn(first).value(), "the-token");
  EXPECT_EQ(TokenIn(first).version(), "v1");
}

TEST_F(TokenAnswersTest, ALaterCallIsToldTheValidityThatIsLeftThen) {
  const std::int64_t at_first = TokenIn(For(token_)).remaining_validity().seconds();
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(TokenIn(For(token_)).remaining_validity().seconds(), at_first - 1);
}

TEST_F(TokenAnswersTest, TokensAreNotTakenForEachOther) {
  const TokenPtr other = MakeToken(clock_, "another", "v1");
  EXPECT_EQ(TokenIn(For(token_)).value(), "the-token");
  EXPECT_EQ(TokenIn(For(other)).value(), "another");
  EXPECT_EQ(TokenIn(For(token_)).value(), "the-token");
}

TEST_F(TokenAnswersTest, AnAnswerIsForgottenWhenTheNextOneIsMade) {
  const std::weak_ptr<const std::string> first = For(token_);
  EXPECT_FALSE(first.expired());
  clock_.Advance(absl::Milliseconds(1));
  For(MakeToken(clock_, "another", "v2"));
  EXPECT_TRUE(first.expired());
}

TEST_F(TokenAnswersTest, HoweverManyTokensThereAreFewAreKept) {
  std::vector<std::weak_ptr<const std::string>> frames;
  for (int i = 0; i < 100; ++i) {
    frames.push_back(For(MakeToken(clock_, std::to_string(i), "v")));
  }
  EXPECT_LE(std::count_if(frames.begin(), frames.end(),
                          [](const auto& frame) { return !frame.expired(); }),
            16);
}

}  // namespace
}  // namespace credential_broker::service
