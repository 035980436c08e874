#ifndef CREDENTIAL_BROKER_CLI_MEMORY_FILE_H_
#define CREDENTIAL_BROKER_CLI_MEMORY_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace credential_broker::cli {

// A file that exists in this process's memory only, for code that takes a path. However the process
// ends, nothing of it is left.
class MemoryFile {
 public:
  // RESOURCE_EXHAUSTED: there is no descriptor or memory for it. FAILED_PRECONDITION: it cannot be
  // opened by its path, because /proc is not mounted.
  static absl::StatusOr<MemoryFile> Make(std::string_view content);

  // Returns a path that opens the file in this process, and only there, while this object lives.
  std::string path() const;

 private:
  explicit MemoryFile(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_MEMORY_FILE_H_
