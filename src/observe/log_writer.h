#ifndef CREDENTIAL_BROKER_OBSERVE_LOG_WRITER_H_
#define CREDENTIAL_BROKER_OBSERVE_LOG_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"

namespace credential_broker::observe {

// Writes lines to a descriptor whose reader may be slow, hang or be gone, on a thread of its own.
//
// A call never waits for the reader: it copies the line into a bounded queue. A line for which
// there is no room is dropped and counted, and so are those that follow it until the reader has
// taken something; a line that says how many were dropped then takes their place. Lines that the
// descriptor refuses with an error (EPIPE, ENOSPC, ...) are dropped too. Lines keep their order,
// and each is written whole; a line whose rest was refused is ended before the next one.
//
// The queue is normally empty: the thread writes a line as soon as it is there. If the process is
// killed or aborts, what is in the queue is lost.
//
// Thread-safe, except Close. The descriptor stays the caller's, and its flags are left alone, since
// it may be shared; SIGPIPE does not reach the process.
class LogWriter {
 public:
  // 10,000 callers that get a new version at the same moment write 10,000 audit lines of some 250
  // bytes: they fit even while the reader takes nothing.
  static constexpr std::size_t kCapacity = std::size_t{4} * 1024 * 1024;
  static constexpr absl::Duration kMaxFlush = absl::Seconds(1);

  // `dropped_line` returns the line, its end included, that reports so many dropped ones.
  using DroppedLine = std::function<std::string(std::uint64_t dropped)>;

  // `clock`, and what `dropped_line` uses, live as long as the process where the reader may hang:
  // the thread may outlive this object then (Close). RESOURCE_EXHAUSTED: there is no thread or
  // descriptor for it.
  static absl::StatusOr<std::unique_ptr<LogWriter>> Start(int fd, DroppedLine dropped_line,
                                                          const Clock& clock,
                                                          std::size_t capacity = kCapacity);
  // Calls Close.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Queues a line, its end included.
  void Write(std::string_view line);

  // Blocks until what is queued has been written, at most kMaxFlush, and ends the thread. Lines
  // that come later are dropped. A thread that hangs within write(2), as on a terminal that was
  // stopped, is left behind. Idempotent.
  void Close();

  // Number of lines dropped since the start.
  std::uint64_t dropped() const;

 private:
  class State;
  LogWriter(std::shared_ptr<State> state, const Clock& clock);

  const std::shared_ptr<State> state_;  // shared with the thread
  const Clock& clock_;
  std::thread thread_;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_LOG_WRITER_H_
