#ifndef CREDENTIAL_BROKER_OBSERVE_FD_WRITER_H_
#define CREDENTIAL_BROKER_OBSERVE_FD_WRITER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace credential_broker::observe {

// Writes lines to a descriptor whose reader may be slow, hang or be gone.
//
// A full pipe is waited for, but only `patience` once: after that lines are dropped, without
// waiting, until the reader reads again. The first line that passes then is followed by one that
// tells how many were dropped. The event loops log too: without a bound, a log collector that hangs
// would stop the broker.
//
// Not thread-safe. The descriptor stays the caller's, and is left blocking, because it may be
// shared.
class FdWriter {
 public:
  // `dropped_line`: the line, with its end, that tells of so many dropped ones.
  FdWriter(int fd, absl::Duration patience,
           std::function<std::string(std::uint64_t dropped)> dropped_line);

  void Write(std::string_view line);

 private:
  bool TryWrite(std::string_view line);
  bool WaitWritable(absl::Duration longest) const;

  const int fd_;
  const absl::Duration patience_;
  const std::function<std::string(std::uint64_t)> dropped_line_;
  bool stuck_ = false;    // the last line was not taken
  bool cut_off_ = false;  // the reader has the beginning of a line whose rest was dropped
  std::uint64_t dropped_ = 0;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_FD_WRITER_H_
