#include "cli/token_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/strings.h"
#include "cli/credential_table.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/token_format.h"

namespace credential_broker::cli {
namespace {

class JsonLinesSink final : public TokenSink {
 public:
  absl::Status Put(const TokenUpdate& update) override {
    std::string line = "{";
    if (update.token.has_value()) {
      const Secret token = FormatToken(*update.token, "json");
      const std::string_view object = token.Reveal().substr(0, token.Reveal().size() - 1);
      // At its full size, so that no piece of the token is left behind by a growing buffer.
      line.reserve(object.size() + kRoomForTheRest);
      line.append("\"token\":").append(object).append(",");
    }
    line.append("\"credential\":").append(CredentialObject(update.credential)).append("}\n");
    const int result = Print(line);
    Wipe(line.data(), line.size());
    return result == kExitOk ? absl::OkStatus()
                             : absl::UnavailableError("standard output takes no more");
  }

 private:
  static constexpr std::size_t kRoomForTheRest = 1024;
};

class FileSink final : public TokenSink {
 public:
  explicit FileSink(std::string file)
      : file_(std::move(file)), folder_(file_.substr(0, file_.rfind('/') + 1)) {}

  absl::Status Put(const TokenUpdate& update) override {
    if (!update.token.has_value()) {
      version_.clear();
      return Remove();
    }
    if (update.token->version == version_ && !version_.empty()) {
      return absl::OkStatus();
    }
    if (absl::Status written = Replace(update.token->value.Reveal()); !written.ok()) {
      return written;
    }
    version_ = update.token->version;
    return absl::OkStatus();
  }

 private:
  absl::Status Failed(std::string_view what) const {
    return absl::UnavailableError(
        StrCat("cannot ", what, " ", file_, ": ", std::generic_category().message(errno)));
  }

  absl::Status Remove() const {
    if (unlink(file_.c_str()) == 0) {
      return SyncFolder();
    }
    return errno == ENOENT ? absl::OkStatus() : Failed("remove");
  }

  // In the same folder, so that it can take the other's place in one step.
  absl::Status Replace(std::string_view value) const {
    std::string fresh = file_ + ".XXXXXX";
    const int fd = mkostemp(fresh.data(), O_CLOEXEC);  // mode 0600
    if (fd < 0) {
      return Failed("write");
    }
    const bool written = WriteAll(fd, value) && fsync(fd) == 0;
    const int error = errno;
    close(fd);
    errno = error;
    if (written && rename(fresh.c_str(), file_.c_str()) == 0) {
      return SyncFolder();
    }
    absl::Status failure = Failed("write");
    unlink(fresh.c_str());
    return failure;
  }

  static bool WriteAll(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = write(fd, bytes.data(), bytes.size());
      if (put < 0 && errno != EINTR) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(put < 0 ? 0 : put));
    }
    return true;
  }

  absl::Status SyncFolder() const {
    const int fd =
        open(folder_.empty() ? "." : folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
      return Failed("sync the folder of");
    }
    // Some file systems cannot, and need not.
    const bool synced = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
    absl::Status status = synced ? absl::OkStatus() : Failed("sync the folder of");
    close(fd);
    return status;
  }

  const std::string file_;
  const std::string folder_;
  std::string version_;  // of what is in the file; empty: nothing of ours
};

}  // namespace

std::unique_ptr<TokenSink> MakeJsonLinesSink() { return std::make_unique<JsonLinesSink>(); }

std::unique_ptr<TokenSink> MakeFileSink(std::string file) {
  return std::make_unique<FileSink>(std::move(file));
}

}  // namespace credential_broker::cli
