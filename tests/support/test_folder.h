#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_TEST_FOLDER_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_TEST_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace credential_broker {

// A new folder, removed with all that is in it. No other test uses it: neither one of another user,
// whose files this one could not replace, nor one that runs at the same time.
class TestFolder {
 public:
  TestFolder() : path_(::testing::TempDir() + "/credential-broker-test-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) {
      throw std::runtime_error("cannot make " + path_);
    }
    path_ = std::filesystem::canonical(path_).string();
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(std::string_view name) const { return path_ + "/" + std::string(name); }

  // Writes the file and returns its path.
  std::string Write(std::string_view name, std::string_view text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    return Path(name);
  }

 private:
  std::string path_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_TEST_FOLDER_H_
