#include "upstream/key_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/strings.h"

namespace credential_broker::upstream {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class KeyFilesTest : public ::testing::Test {
 protected:
  KeyFilesTest() : folder_(::testing::TempDir() + "/key_files_test") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~KeyFilesTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }

  // What is said of a secret file of that path.
  std::string ErrorOf(const std::string& file) const {
    const absl::StatusOr<Key> key = ReadKey({.id_file = Write("id", "id"), .secret_file = file});
    EXPECT_EQ(key.status().code(), absl::StatusCode::kFailedPrecondition);
    std::string message = StrCat(key.status().message());
    EXPECT_THAT(message, HasSubstr(file));
    return message;
  }

 private:
  const std::string folder_;
};

TEST_F(KeyFilesTest, ReadsBothWithoutTheirLineEnds) {
  const absl::StatusOr<Key> key =
      ReadKey({.id_file = Write("id", "the id\n"), .secret_file = Write("secret", " s\n3é \r\n")});
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->id.Reveal(), "the id");
  EXPECT_EQ(key->secret.Reveal(), " s\n3é ");
}

TEST_F(KeyFilesTest, ReadsTheLargestKey) {
  const std::string largest(8192, 'x');
  const absl::StatusOr<Key> key =
      ReadKey({.id_file = Write("id", "id"), .secret_file = Write("secret", largest)});
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->secret.Reveal(), largest);
}

TEST_F(KeyFilesTest, RefusesAFileThatIsNotThere) {
  EXPECT_THAT(ErrorOf(Path("gone")), HasSubstr("No such file"));
  const absl::StatusOr<Key> key =
      ReadKey({.id_file = Path("gone"), .secret_file = Write("secret", "s")});
  EXPECT_THAT(StrCat(key.status().message()), HasSubstr(Path("gone")));
}

TEST_F(KeyFilesTest, RefusesAnEmptyFile) {
  EXPECT_THAT(ErrorOf(Write("secret", "")), HasSubstr("is empty"));
  EXPECT_THAT(ErrorOf(Write("secret", "\r\n\n")), HasSubstr("is empty"));
}

TEST_F(KeyFilesTest, RefusesALargerFile) {
  EXPECT_THAT(ErrorOf(Write("secret", std::string(8193, 'x'))), HasSubstr("larger than 8192"));
}

TEST_F(KeyFilesTest, RefusesWhatIsNotUtf8WithoutQuotingIt) {
  EXPECT_THAT(ErrorOf(Write("secret", "canary\xff")),
              AllOf(HasSubstr("not UTF-8"), Not(HasSubstr("canary"))));
}

TEST_F(KeyFilesTest, RefusesAFolderAndAPipe) {
  std::filesystem::create_directory(Path("folder"));
  EXPECT_THAT(ErrorOf(Path("folder")), HasSubstr("no regular file"));
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  EXPECT_THAT(ErrorOf(Path("pipe")), HasSubstr("no regular file"));
}

}  // namespace
}  // namespace credential_broker::upstream
