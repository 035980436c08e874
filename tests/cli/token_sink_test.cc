#include "cli/token_sink.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include "support/test_folder.h"

namespace credential_broker::cli {
namespace {

namespace fs = std::filesystem;

class TokenSinkTest : public testing::Test {
 protected:
  static TokenUpdate Token(const std::string& value, const std::string& version) {
    TokenUpdate update;
    update.token.emplace();
    update.token->value = Secret(value);
    update.token->token_type = "Bearer";
    update.token->version = version;
    update.token->remaining_validity = absl::Seconds(240);
    update.credential.name = "default";
    update.credential.state = "READY";
    return update;
  }
  static TokenUpdate NoToken() {
    TokenUpdate update;
    update.credential.name = "default";
    update.credential.state = "REJECTED";
    return update;
  }
  std::string file() const { return folder_.Path("token"); }
  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t FilesInFolder() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }
  static ino_t InodeOf(const std::string& path) {
    struct stat status = {};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    return status.st_ino;
  }

  const TestFolder folder_;
};

TEST_F(TokenSinkTest, TheFileHoldsTheBareTokenForItsOwnerAlone) {
  const auto sink = MakeFileSink(file());
  ASSERT_TRUE(sink->Put(Token("one", "v1")).ok());
  EXPECT_EQ(Read(file()), "one");
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(FilesInFolder(), 1U);
}

TEST_F(TokenSinkTest, WhoHasTheOldFileOpenGoesOnReadingTheOldToken) {
  const auto sink = MakeFileSink(file());
  ASSERT_TRUE(sink->Put(Token("one", "v1")).ok());
  std::ifstream held(file());
  ASSERT_TRUE(sink->Put(Token("two", "v2")).ok());
  std::string text;
  held >> text;
  EXPECT_EQ(text, "one");
  EXPECT_EQ(Read(file()), "two");
  EXPECT_EQ(FilesInFolder(), 1U);
}

TEST_F(TokenSinkTest, TheSameTokenIsNotWrittenAgain) {
  const auto sink = MakeFileSink(file());
  ASSERT_TRUE(sink->Put(Token("one", "v1")).ok());
  const ino_t before = InodeOf(file());
  ASSERT_TRUE(sink->Put(Token("one", "v1")).ok());
  EXPECT_EQ(InodeOf(file()), before);
}

TEST_F(TokenSinkTest, AWithdrawnTokensFileIsGoneAndComesBack) {
  const auto sink = MakeFileSink(file());
  ASSERT_TRUE(sink->Put(Token("one", "v1")).ok());
  ASSERT_TRUE(sink->Put(NoToken()).ok());
  EXPECT_FALSE(fs::exists(file()));
  ASSERT_TRUE(sink->Put(NoToken()).ok());
  ASSERT_TRUE(sink->Put(Token("one", "v1")).ok());
  EXPECT_EQ(Read(file()), "one");
}

TEST_F(TokenSinkTest, AFolderThatIsNotThereIsNamedAndNoTokenIsTold) {
  const absl::Status status = MakeFileSink("/no/such/folder/token")->Put(Token("secret", "v1"));
  EXPECT_NE(status.message().find("cannot write /no/such/folder/token"), std::string::npos);
  EXPECT_EQ(status.message().find("secret"), std::string::npos);
}

TEST_F(TokenSinkTest, WhatCannotBeReplacedLeavesNoTokenBehind) {
  fs::create_directory(file());
  EXPECT_FALSE(MakeFileSink(file())->Put(Token("secret", "v1")).ok());
  EXPECT_EQ(FilesInFolder(), 1U);
}

TEST_F(TokenSinkTest, ALineOfJsonHasTheTokenAndTheState) {
  testing::internal::CaptureStdout();
  const auto sink = MakeJsonLinesSink();
  ASSERT_TRUE(sink->Put(Token("one", "v1")).ok());
  ASSERT_TRUE(sink->Put(NoToken()).ok());
  std::istringstream lines(testing::internal::GetCapturedStdout());
  std::string line;
  std::getline(lines, line);
  const auto with_token = nlohmann::json::parse(line);
  EXPECT_EQ(with_token["token"]["value"], "one");
  EXPECT_EQ(with_token["token"]["remainingValidity"], "240s");
  EXPECT_EQ(with_token["credential"]["state"], "STATE_READY");
  std::getline(lines, line);
  const auto without = nlohmann::json::parse(line);
  EXPECT_FALSE(without.contains("token"));
  EXPECT_EQ(without["credential"]["name"], "default");
  EXPECT_EQ(without["credential"]["state"], "STATE_REJECTED");
}

}  // namespace
}  // namespace credential_broker::cli
