#include "cli/memory_file.h"

#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace credential_broker::cli {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(MemoryFile, IsReadByItsPathAgainAndAgain) {
  const std::string content(100'000, 'x');
  absl::StatusOr<MemoryFile> made = MemoryFile::Make(content);
  ASSERT_TRUE(made.ok()) << made.status();
  const MemoryFile file = *std::move(made);
  EXPECT_EQ(ReadFile(file.path()), content);
  EXPECT_EQ(ReadFile(file.path()), content);
}

TEST(MemoryFile, IsGoneWithItsObject) {
  std::string path;
  {
    const absl::StatusOr<MemoryFile> file = MemoryFile::Make("secret");
    ASSERT_TRUE(file.ok()) << file.status();
    path = file->path();
    EXPECT_EQ(access(path.c_str(), R_OK), 0);
  }
  EXPECT_NE(access(path.c_str(), R_OK), 0);
}

}  // namespace
}  // namespace credential_broker::cli
