#include "cli/output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/sigpipe.h"

namespace credential_broker::cli {
namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Zero or an errno.
int WriteAll(int fd, std::string_view text) {
  const SigpipeIgnored no_signal;
  int error = 0;
  while (!text.empty() && error == 0) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // The descriptor is non-blocking, as another process may have made it that shares it.
      pollfd writable = {fd, POLLOUT, 0};
      (void)poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  return error;
}

void PrintLines(std::string_view label, std::string_view message) {
  std::string line = StrCat(label, message, "\n");
  for (char& c : line) {
    if (IsControl(c) && c != '\n') {
      c = '?';
    }
  }
  // Nothing is left to tell it to where standard error is gone.
  (void)WriteAll(STDERR_FILENO, line);
}

}  // namespace

int Print(std::string_view text) {
  const int error = WriteAll(STDOUT_FILENO, text);
  if (error == 0) {
    return kExitOk;
  }
  PrintError(StrCat("cannot write to standard output: ", std::generic_category().message(error)));
  return kExitLocalError;
}

void PrintError(std::string_view message) { PrintLines("error: ", message); }

void PrintHint(std::string_view message) { PrintLines("hint: ", message); }

void PrintNote(std::string_view message) { PrintLines("", message); }

int FailLocally(const absl::Status& status) {
  PrintError(ToStd(status.message()));
  return kExitLocalError;
}

std::string Printable(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (IsControl(c)) {
      c = '?';
    }
  }
  return result;
}

}  // namespace credential_broker::cli
