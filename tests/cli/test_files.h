#ifndef CREDENTIAL_BROKER_TESTS_CLI_TEST_FILES_H_
#define CREDENTIAL_BROKER_TESTS_CLI_TEST_FILES_H_

#include <string>

#include "support/test_folder.h"
#include "support/tls_server.h"

namespace credential_broker::cli {

std::string ReadWhole(const std::string& path);

std::string CertificatePem(const TestIdentity& identity);
std::string KeyPem(const TestIdentity& identity);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_TESTS_CLI_TEST_FILES_H_
