#include "cli/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/strings.h"

namespace credential_broker::cli {
namespace {

// Since Linux 6.3, where an administrator can require it (vm.memfd_noexec); glibc 2.36 lacks it.
constexpr unsigned kNoExecSeal = 0x0008U;

UniqueFd Create() {
  constexpr const char* kName = "credential-broker";
  UniqueFd fd(memfd_create(kName, MFD_CLOEXEC | kNoExecSeal));
  if (!fd && errno == EINVAL) {
    fd = UniqueFd(memfd_create(kName, MFD_CLOEXEC));
  }
  return fd;
}

absl::Status Failed(std::string_view what, int error) {
  return absl::ResourceExhaustedError(
      StrCat(what, ": ", std::generic_category().message(error),
             "; raise the limit of open files (ulimit -n) or of memory"));
}

}  // namespace

absl::StatusOr<MemoryFile> MemoryFile::Make(std::string_view content) {
  MemoryFile file(Create());
  if (!file.fd_) {
    return Failed("cannot create a file in memory", errno);
  }
  while (!content.empty()) {
    const ssize_t written = write(file.fd_.get(), content.data(), content.size());
    if (written < 0 && errno != EINTR) {
      return Failed("cannot write a file in memory", errno);
    }
    content.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  if (access(file.path().c_str(), R_OK) != 0) {
    return absl::FailedPreconditionError(StrCat("cannot open ", file.path(), ": ",
                                                std::generic_category().message(errno),
                                                "; mount /proc"));
  }
  return file;
}

std::string MemoryFile::path() const { return StrCat("/proc/self/fd/", fd_.get()); }

}  // namespace credential_broker::cli
