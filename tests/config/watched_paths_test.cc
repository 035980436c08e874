#include "config/watched_paths.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/test_folder.h"

namespace credential_broker::config {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::Pair;

class WatchedPathsTest : public testing::Test {
 protected:
  DirectoryEntries Of(const fs::path& path) {
    DirectoryEntries entries;
    AddEntriesOf(path.string(), entries);
    return entries;
  }

  const TestFolder folder_;
  const fs::path root_ = folder_.path();
};

TEST_F(WatchedPathsTest, NamesEveryComponent) {
  fs::create_directory(root_ / "a");
  std::ofstream(root_ / "a" / "key") << "x";
  const DirectoryEntries entries = Of(root_ / "a" / "." / ".." / "a" / "key");
  EXPECT_THAT(entries, Contains(Pair((root_ / "a").string(), ElementsAre("key"))));
  EXPECT_THAT(entries, Contains(Pair(root_.string(), ElementsAre("a"))));
  EXPECT_THAT(entries, Contains(Key("/")));
}

TEST_F(WatchedPathsTest, FollowsKubernetesLinks) {
  fs::create_directory(root_ / "..v1");
  std::ofstream(root_ / "..v1" / "key") << "x";
  fs::create_symlink("..v1", root_ / "..data");
  fs::create_symlink("..data/key", root_ / "key");
  const DirectoryEntries entries = Of(root_ / "key");
  EXPECT_THAT(entries, Contains(Pair(root_.string(), ElementsAre("..data", "..v1", "key"))));
  EXPECT_THAT(entries, Contains(Pair((root_ / "..v1").string(), ElementsAre("key"))));
}

TEST_F(WatchedPathsTest, FollowsAbsoluteLinks) {
  fs::create_directories(root_ / "real" / "deep");
  fs::create_symlink(root_ / "real", root_ / "link");
  const DirectoryEntries entries = Of(root_ / "link" / "deep" / "key");
  EXPECT_THAT(entries, Contains(Pair(root_.string(), ElementsAre("link", "real"))));
  EXPECT_THAT(entries, Contains(Pair((root_ / "real" / "deep").string(), ElementsAre("key"))));
}

TEST_F(WatchedPathsTest, StopsAtWhatIsMissingAndAtLoops) {
  EXPECT_THAT(Of(root_ / "none" / "key"), Contains(Pair(root_.string(), ElementsAre("none"))));
  fs::create_symlink("b", root_ / "a");
  fs::create_symlink("a", root_ / "b");
  EXPECT_THAT(Of(root_ / "a" / "key"), Contains(Pair(root_.string(), ElementsAre("a", "b"))));
  fs::create_symlink("c/c/c/c/c/c", root_ / "c");  // grows at each step
  EXPECT_THAT(Of(root_ / "c"), Contains(Pair(root_.string(), ElementsAre("c"))));
}

}  // namespace
}  // namespace credential_broker::config
