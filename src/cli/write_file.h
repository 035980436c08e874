#ifndef CREDENTIAL_BROKER_CLI_WRITE_FILE_H_
#define CREDENTIAL_BROKER_CLI_WRITE_FILE_H_

#include <string>

#include "absl/status/status.h"

namespace credential_broker::cli {

// Replaces the file at `path` with one that holds `text`, atomically: a reader never sees a part of
// it. INVALID_ARGUMENT, naming the path: it cannot be written.
absl::Status WriteFile(const std::string& path, const std::string& text);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_WRITE_FILE_H_
