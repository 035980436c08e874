#include "config/fingerprint.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <string_view>

#include "absl/cleanup/cleanup.h"
#include "base/secret.h"

namespace credential_broker::config {
namespace {

constexpr std::size_t kMostContent = 1024 * 1024;

}  // namespace

Fingerprint FingerprintOf(const std::string& file) {
  struct stat status {};
  // To open a pipe would wake whoever waits to write into it.
  if (stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return {};
  }
  // O_NONBLOCK: what is a pipe by now must not stop the thread.
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return {};
  }
  const absl::Cleanup close_it = [fd] { close(fd); };
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    return {};
  }
  Fingerprint print;
  std::array<char, 4096> buffer;
  while (print.size < kMostContent) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return {};
    }
    if (got == 0) {
      break;
    }
    const auto size = static_cast<std::size_t>(got);
    constexpr std::size_t kOddMultiplier = 0x9e3779b97f4a7c15;
    print.hash = print.hash * kOddMultiplier +
                 std::hash<std::string_view>()(std::string_view(buffer.data(), size));
    print.size += size;
  }
  Wipe(buffer.data(), buffer.size());
  print.readable = true;
  return print;
}

}  // namespace credential_broker::config
