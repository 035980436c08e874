#include "cli/hardening.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "absl/strings/match.h"
#include "google/protobuf/stubs/logging.h"

namespace credential_broker::cli {

absl::Status GuardSecrets() {
  if (absl::Status status = FillStandardDescriptors(); !status.ok()) {
    return status;
  }
  if (absl::Status status = HardenProcess(); !status.ok()) {
    return status;
  }
  return CheckLoggingEnvironment();
}

absl::Status HardenProcess() {
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) {
    return absl::ErrnoToStatus(errno, "cannot turn core files off (RLIMIT_CORE)");
  }
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return absl::ErrnoToStatus(errno, "cannot make the process undumpable (PR_SET_DUMPABLE)");
  }
  return absl::OkStatus();
}

void SilenceProtobuf() { google::protobuf::SetLogHandler(nullptr); }

void RaiseDescriptorLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

absl::Status CheckLoggingEnvironment() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets variables
  const char* trace = std::getenv("GRPC_TRACE");
  if (trace != nullptr && *trace != '\0') {
    return absl::FailedPreconditionError(
        "GRPC_TRACE is set: gRPC would print tokens; unset it and start again");
  }
  // NOLINTNEXTLINE(concurrency-mt-unsafe): likewise
  const char* verbosity = std::getenv("GRPC_VERBOSITY");
  if (verbosity != nullptr && absl::EqualsIgnoreCase(verbosity, "debug")) {
    return absl::FailedPreconditionError(
        "GRPC_VERBOSITY=debug is set: gRPC would print tokens; unset it or set it to error, and "
        "start "
        "again");
  }
  return absl::OkStatus();
}

absl::Status FillStandardDescriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) != -1) {
      continue;
    }
    // The lowest free number is taken: this one, as those below it are open by now.
    const int mode = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;
    if (open("/dev/null", mode | O_CLOEXEC) != fd) {
      return absl::ErrnoToStatus(errno, "cannot open /dev/null for a closed standard descriptor");
    }
  }
  return absl::OkStatus();
}

}  // namespace credential_broker::cli
