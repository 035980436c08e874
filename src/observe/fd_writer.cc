#include "observe/fd_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace credential_broker::observe {

FdWriter::FdWriter(int fd, absl::Duration patience,
                   std::function<std::string(std::uint64_t dropped)> dropped_line)
    : fd_(fd), patience_(patience), dropped_line_(std::move(dropped_line)) {}

void FdWriter::Write(std::string_view line) {
  if (!TryWrite(line)) {
    ++dropped_;
    return;
  }
  if (dropped_ > 0 && TryWrite(dropped_line_(dropped_))) {
    dropped_ = 0;
  }
}

// A pipe that polls as writable takes PIPE_BUF bytes without blocking (pipe(7)).
bool FdWriter::TryWrite(std::string_view line) {
  std::string with_new_start;
  if (cut_off_) {
    with_new_start.append("\n").append(line);
    line = with_new_start;
  }
  const std::size_t whole = line.size();
  while (!line.empty()) {
    if (!WaitWritable(stuck_ ? absl::ZeroDuration() : patience_)) {
      break;
    }
    const ssize_t written =
        write(fd_, line.data(), std::min(line.size(), static_cast<std::size_t>(PIPE_BUF)));
    if (written < 0 && errno != EINTR) {
      break;
    }
    line.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  stuck_ = !line.empty();
  if (line.size() < whole) {
    cut_off_ = stuck_;
  }
  return !stuck_;
}

bool FdWriter::WaitWritable(absl::Duration longest) const {
  pollfd wanted = {fd_, POLLOUT, 0};
  int ready = 0;
  do {
    ready = poll(&wanted, 1, static_cast<int>(absl::ToInt64Milliseconds(longest)));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace credential_broker::observe
