#ifndef CREDENTIAL_BROKER_TESTS_CLI_RUN_BINARY_H_
#define CREDENTIAL_BROKER_TESTS_CLI_RUN_BINARY_H_

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace credential_broker::cli {

// What became of a run of the real binary.
struct Outcome {
  int exit_code = -1;  // 128 + the signal where one ended it
  std::string out = {};
  std::string err = {};
};

using Environment = std::map<std::string, std::string>;

// Runs `program` to its end with this process's environment, without CREDENTIAL_BROKER_* and
// GRPC_*, and with `environment`.
Outcome RunProgram(const std::string& program, const std::vector<std::string>& arguments,
                   const Environment& environment = {});

// Path of the binary under test.
std::string Binary();

// The same for the binary under test.
Outcome RunBinary(const std::vector<std::string>& arguments, const Environment& environment = {});

// The binary started with standard output as a shell redirection says, such as ">&-" or ">
// /dev/full".
Outcome RunRedirected(const std::vector<std::string>& arguments, const std::string& redirection);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_TESTS_CLI_RUN_BINARY_H_
