#include "upstream/key_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/strings.h"
#include "support/test_folder.h"

namespace credential_broker::upstream {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class KeyFilesTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.Path(name); }

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
  const TestFolder folder_;
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

// A pair in a folder that is replaced as a whole, as Kubernetes replaces a mounted Secret.
class KeyRotationTest : public KeyFilesTest {
 protected:
  KeyRotationTest() { Rotate(); }

  void Rotate() {
    ++generation_;
    const std::string folder = StrCat("..", generation_);
    std::filesystem::create_directory(Path(folder));
    Write(folder + "/id", StrCat("id", generation_));
    Write(folder + "/secret", StrCat("secret", generation_));
    std::filesystem::create_symlink(folder, Path("..next"));
    std::filesystem::rename(Path("..next"), Path("..data"));
  }
  // Replaces one file of the two alone.
  void RotateId() { Write("..data/id", StrCat("id", generation_ + 1)); }
  void RotateSecret() { Write("..data/secret", StrCat("secret", generation_ + 1)); }

  KeyFiles Files() const {
    return {.id_file = Path("..data/id"), .secret_file = Path("..data/secret")};
  }

  // Reads the key while `after_read` is called with the number of each read of a file, from 1 on.
  absl::StatusOr<Key> ReadWhile(const std::function<void(int)>& after_read) {
    reads_ = 0;
    return ReadKey(Files(), [&](const SecretFile& file) {
      absl::StatusOr<Secret> secret = ReadSecretFile(file);
      after_read(++reads_);
      return secret;
    });
  }
  int reads() const { return reads_; }

  static std::string Pair(const absl::StatusOr<Key>& key) {
    return key.ok() ? StrCat(key->id.Reveal(), " ", key->secret.Reveal()) : key.status().ToString();
  }
  std::string CurrentPair() const { return StrCat("id", generation_, " secret", generation_); }

 private:
  int generation_ = 0;
  int reads_ = 0;
};

TEST_F(KeyRotationTest, APairThatIsReplacedBetweenTwoReadsIsNeverMixed) {
  for (int moment : {1, 2}) {
    const absl::StatusOr<Key> key = ReadWhile([&](int read) {
      if (read == moment) {
        Rotate();
      }
    });
    EXPECT_EQ(Pair(key), CurrentPair()) << "replaced after read " << moment;
  }
}

TEST_F(KeyRotationTest, FilesThatAreReplacedOneAfterTheOtherAreNeverMixed) {
  const absl::StatusOr<Key> id_first = ReadWhile([&](int read) {
    if (read == 1) {
      RotateId();
    } else if (read == 2) {
      RotateSecret();
    }
  });
  EXPECT_EQ(Pair(id_first), "id2 secret2");
  Rotate();
  const absl::StatusOr<Key> secret_first = ReadWhile([&](int read) {
    if (read == 1) {
      RotateSecret();
    } else if (read == 2) {
      RotateId();
    }
  });
  EXPECT_EQ(Pair(secret_first), "id3 secret3");
}

TEST_F(KeyRotationTest, APairThatIsReplacedTwiceMeanwhileIsTheNewest) {
  const absl::StatusOr<Key> key = ReadWhile([&](int read) {
    if (read == 1 || read == 4) {
      Rotate();
    }
  });
  EXPECT_EQ(Pair(key), CurrentPair());
}

TEST_F(KeyRotationTest, APairThatIsReplacedAtEachReadingIsNotReturned) {
  const absl::StatusOr<Key> key = ReadWhile([&](int) { Rotate(); });
  EXPECT_EQ(key.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(StrCat(key.status().message()),
              AllOf(HasSubstr(Files().id_file), HasSubstr("changes all the time")));
  EXPECT_EQ(reads(), 21);
}

}  // namespace
}  // namespace credential_broker::upstream
