#ifndef CREDENTIAL_BROKER_TESTS_CLI_TEST_FILES_H_
#define CREDENTIAL_BROKER_TESTS_CLI_TEST_FILES_H_

#include <string>

#include "support/tls_server.h"

namespace credential_broker::cli {

// A folder of its own, removed with all that is in it.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }

  // Writes the file and returns its path.
  std::string Write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

std::string ReadWhole(const std::string& path);

std::string CertificatePem(const TestIdentity& identity);
std::string KeyPem(const TestIdentity& identity);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_TESTS_CLI_TEST_FILES_H_
