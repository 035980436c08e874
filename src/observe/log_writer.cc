#include "observe/log_writer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <condition_variable>
#include <csignal>
#include <system_error>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "observe/log_ring.h"

namespace credential_broker::observe {
namespace {

// Before the next attempt at a descriptor that polls as writable and then takes nothing.
constexpr int kRetryMilliseconds = 10;

// Blocks every signal for the calling thread, and so for the threads that it starts.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

// What the thread and its owner share. Thread-safe.
class LogWriter::State {
 public:
  State(int fd, DroppedLine dropped_line, std::size_t capacity)
      : fd_(fd),
        abandon_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        dropped_line_(std::move(dropped_line)),
        ring_(capacity) {}
  ~State() {
    if (abandon_ >= 0) {
      close(abandon_);
    }
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool has_descriptor() const { return abandon_ >= 0; }

  void Write(std::string_view line) {
    const MutexLock lock(mutex_);
    if (closing_ || full_ || !ring_.Append(line)) {
      full_ = !ring_.empty();  // a line may also be larger than the whole ring
      ++unreported_;
      ++dropped_;
    } else if (idle_) {
      changed_.notify_all();
    }
  }

  std::uint64_t dropped() const {
    const MutexLock lock(mutex_);
    return dropped_;
  }

  // The thread.
  void Run() {
    std::array<char, PIPE_BUF> buffer;
    const absl::Span<char> chunk = absl::MakeSpan(buffer);
    for (std::size_t size = Next(chunk); size > 0; size = Next(chunk)) {
      if (!WaitWritable() || !BeginWrite()) {
        break;
      }
      // A pipe that polls as writable takes PIPE_BUF bytes, and in one piece (pipe(7)).
      const ssize_t written = write(fd_, chunk.data(), size);
      const int error = written < 0 ? errno : 0;
      EndWrite(chunk.first(size), written, error);
      if (error == EAGAIN || error == EWOULDBLOCK) {
        WaitAbandoned(kRetryMilliseconds);
      }
    }
    const MutexLock lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // Returns whether the thread ends by itself now: false if it hangs within write(2).
  bool Close(const Clock& clock) {
    const MutexLock lock(mutex_);
    closing_ = true;
    changed_.notify_all();
    const BootTime deadline = clock.Now() + kMaxFlush;
    while (!ended_ && clock.Now() < deadline) {
      clock.WaitUntil(mutex_, changed_, deadline);
    }
    abandoned_ = true;
    eventfd_write(abandon_, 1);
    return !writing_;
  }

 private:
  // Blocks until there is something to write, and copies it. Returns 0 at the end.
  std::size_t Next(absl::Span<char> chunk) {
    const MutexLock lock(mutex_);
    if (cut_off_) {  // a line is ended before the next one
      chunk[0] = '\n';
      chunk.remove_prefix(1);
    }
    while (ring_.empty() && !closing_) {
      idle_ = true;
      changed_.wait(mutex_);
    }
    idle_ = false;
    const std::size_t size = ring_.Peek(chunk);
    return size == 0 ? 0 : size + (cut_off_ ? 1 : 0);
  }

  // Blocks until the descriptor is writable or has failed. Returns false if it is waited for no
  // longer.
  bool WaitWritable() const {
    std::array<pollfd, 2> waits = {{{abandon_, POLLIN, 0}, {fd_, POLLOUT, 0}}};
    while (fd_ >= 0 && waits[0].revents == 0 && waits[1].revents == 0) {
      (void)poll(waits.data(), waits.size(), -1);
    }
    return waits[0].revents == 0;
  }

  void WaitAbandoned(int milliseconds) const {
    pollfd abandoned = {abandon_, POLLIN, 0};
    (void)poll(&abandoned, 1, milliseconds);
  }

  bool BeginWrite() {
    const MutexLock lock(mutex_);
    writing_ = !abandoned_;
    return writing_;
  }

  void EndWrite(absl::Span<const char> chunk, ssize_t written, int error) {
    const MutexLock lock(mutex_);
    writing_ = false;
    if (error == EINTR || error == EAGAIN || error == EWOULDBLOCK) {
      return;
    }
    if (written <= 0) {
      Refused(chunk.size());
      return;
    }
    const auto taken = static_cast<std::size_t>(written);
    within_line_ = chunk[taken - 1] != '\n';
    ring_.Remove(taken - (cut_off_ ? 1 : 0));
    cut_off_ = false;
    ReportDropped();
  }

  void Refused(std::size_t size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::size_t lines = ring_.RemoveLines(size - (cut_off_ ? 1 : 0));
    unreported_ += lines;
    dropped_ += lines;
    cut_off_ = cut_off_ || within_line_;
    within_line_ = false;
    // There is room, though the report waits for a write that succeeds: each would be refused, too.
    full_ = false;
  }

  void ReportDropped() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (unreported_ > 0 && ring_.Append(dropped_line_(unreported_))) {
      unreported_ = 0;
      full_ = false;
    }
  }

  const int fd_;
  const int abandon_;  // an eventfd
  const DroppedLine dropped_line_;
  mutable Mutex mutex_;
  std::condition_variable_any changed_;
  LogRing ring_ ABSL_GUARDED_BY(mutex_);
  bool full_ ABSL_GUARDED_BY(mutex_) = false;  // a line was dropped: those after it are, too
  std::uint64_t unreported_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ ABSL_GUARDED_BY(mutex_) = 0;
  bool within_line_ ABSL_GUARDED_BY(mutex_) = false;  // the rest of a line is in the ring
  bool cut_off_ ABSL_GUARDED_BY(mutex_) = false;      // the rest of a line was dropped
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;         // the thread waits for lines
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;      // it is within write(2)
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;      // it is to end once all is written
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;    // it is to end now
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
};

absl::StatusOr<std::unique_ptr<LogWriter>> LogWriter::Start(int fd, DroppedLine dropped_line,
                                                            const Clock& clock,
                                                            std::size_t capacity) {
  auto state = std::make_shared<State>(fd, std::move(dropped_line), capacity);
  if (!state->has_descriptor()) {
    return absl::ResourceExhaustedError(
        "cannot open a file descriptor for the log; raise the limit of open files (ulimit -n)");
  }
  std::unique_ptr<LogWriter> writer(new LogWriter(state, clock));
  try {
    const SignalsBlocked blocked;
    writer->thread_ = std::thread([state] { state->Run(); });
  } catch (const std::system_error&) {
    return absl::ResourceExhaustedError(
        "cannot start a thread for the log; raise the limit of processes or of memory");
  }
  pthread_setname_np(writer->thread_.native_handle(), "log");
  return writer;
}

LogWriter::LogWriter(std::shared_ptr<State> state, const Clock& clock)
    : state_(std::move(state)), clock_(clock) {}

LogWriter::~LogWriter() { Close(); }

void LogWriter::Write(std::string_view line) { state_->Write(line); }

void LogWriter::Close() {
  if (!thread_.joinable()) {
    return;
  }
  if (state_->Close(clock_)) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

std::uint64_t LogWriter::dropped() const { return state_->dropped(); }

}  // namespace credential_broker::observe
