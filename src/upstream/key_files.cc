#include "upstream/key_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "core/strings.h"
#include "upstream/json_fields.h"
#include "upstream/json_object.h"

namespace credential_broker::upstream {
namespace {

constexpr std::size_t kLargestKey = std::size_t{8} * 1024;
constexpr int kReadings = 3;

absl::Status NoKey(const std::string& file, std::string_view what) {
  return absl::FailedPreconditionError(StrCat("key file ", file, " ", what));
}

absl::Status NotReadable(const std::string& file, int error) {
  return NoKey(file, StrCat("cannot be read (", std::generic_category().message(error),
                            "): give its path in the configuration, readable by this user"));
}

// Such text is JSON once it is quoted, so the reader of JSON is the judge.
bool IsUtf8(std::string_view text) {
  return ReadJsonFields(JsonObject({{.name = "", .value = text}}).view(), {}).ok();
}

absl::StatusOr<Secret> ReadKeyFile(const std::string& file) {
  // Without O_NONBLOCK a named pipe in the file's place would hang the login for ever.
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return NotReadable(file, errno);
  }
  const absl::Cleanup close_file = [fd] { close(fd); };
  struct stat status {};
  if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
    return NoKey(file, "is no regular file: name the file that holds the key");
  }

  std::array<char, kLargestKey + 1> buffer;
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
  if (size > kLargestKey) {
    return NoKey(file, StrCat("is larger than ", kLargestKey,
                              " bytes: it must hold the key and nothing else"));
  }
  std::string_view text(buffer.data(), size);
  text = text.substr(0, text.find_last_not_of("\r\n") + 1);
  if (text.empty()) {
    return NoKey(file, "is empty: write the key into it");
  }
  if (!IsUtf8(text)) {
    return NoKey(file, "is not UTF-8 text: write the key into it as InvestSuite gave it");
  }
  return Secret(text);
}

}  // namespace

absl::StatusOr<Key> ReadKey(const KeyFiles& files) {
  absl::StatusOr<Secret> id = ReadKeyFile(files.id_file);
  for (int reading = 1; id.ok(); ++reading) {
    absl::StatusOr<Secret> secret = ReadKeyFile(files.secret_file);
    if (!secret.ok()) {
      return secret.status();
    }
    absl::StatusOr<Secret> id_after = ReadKeyFile(files.id_file);
    if (id_after.ok() && (id->Equals(*id_after) || reading == kReadings)) {
      return Key{.id = *std::move(id_after), .secret = *std::move(secret)};
    }
    id = std::move(id_after);
  }
  return id.status();
}

}  // namespace credential_broker::upstream
