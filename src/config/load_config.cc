#include "config/load_config.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "base/strings.h"
#include "config/yaml_document.h"

namespace credential_broker::config {
namespace {

// The bytes of the file, at most one more than a configuration may have. A pipe is read to its end.
absl::StatusOr<std::string> ReadAll(const std::string& path) {
  const auto failed = [&path](int error) {
    return absl::ErrnoToStatus(error, StrCat(path, ": the configuration cannot be read"));
  };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return failed(errno);
  }
  const absl::Cleanup close_it = [fd] { close(fd); };
  std::string text;
  std::array<char, 64 * 1024> buffer;
  while (text.size() <= kMaxYamlSize) {
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return failed(errno);
    }
    if (got == 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

absl::StatusOr<BrokerConfig> LoadConfig(const std::string& path, const Overrides& flags,
                                        const Environment& environment) {
  const absl::StatusOr<std::string> text = ReadAll(path);
  if (!text.ok()) {
    return text.status();
  }
  return ParseConfig(*text, path, flags, environment);
}

}  // namespace credential_broker::config
