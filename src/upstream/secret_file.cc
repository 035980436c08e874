#include "upstream/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "base/strings.h"
#include "base/utf8.h"

namespace credential_broker::upstream {
namespace {

constexpr std::size_t kLargestSecret = std::size_t{8} * 1024;

absl::Status Unusable(const SecretFile& file, std::string_view what) {
  return absl::FailedPreconditionError(StrCat(file.noun, " file ", file.path, " ", what));
}

absl::Status NotReadable(const SecretFile& file, int error) {
  return Unusable(file, StrCat("cannot be read (", std::generic_category().message(error),
                               "): give its path in the configuration, readable by this user"));
}

}  // namespace

absl::StatusOr<Secret> ReadSecretFile(const SecretFile& file) {
  // Without O_NONBLOCK a named pipe in the file's place would hang the login for ever.
  const int fd = open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return NotReadable(file, errno);
  }
  const absl::Cleanup close_file = [fd] { close(fd); };
  struct stat status {};
  if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
    return Unusable(file, StrCat("is no regular file: name the file that holds the ", file.noun));
  }

  std::array<char, kLargestSecret + 1> buffer;
  const absl::Cleanup wipe = [&buffer] { Wipe(buffer.data(), buffer.size()); };
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = read(fd, buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return NotReadable(file, errno);
    }
    if (got == 0) {
      break;
    }
    size += static_cast<std::size_t>(got);
  }
  if (size > kLargestSecret) {
    return Unusable(file, StrCat("is larger than ", kLargestSecret, " bytes: it must hold the ",
                                 file.noun, " and nothing else"));
  }
  std::string_view text(buffer.data(), size);
  text = text.substr(0, text.find_last_not_of("\r\n") + 1);
  if (text.empty()) {
    return Unusable(file, StrCat("is empty: write the ", file.noun, " into it"));
  }
  if (FirstInvalidUtf8(text) != std::string_view::npos) {
    return Unusable(file, StrCat("is not UTF-8 text: write the ", file.noun,
                                 " into it as it was given to you"));
  }
  return Secret(text);
}

}  // namespace credential_broker::upstream
