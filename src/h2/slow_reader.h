#ifndef CREDENTIAL_BROKER_H2_SLOW_READER_H_
#define CREDENTIAL_BROKER_H2_SLOW_READER_H_

#include <cstddef>
#include <cstdint>

#include "h2/server.h"

namespace credential_broker::h2 {

// Judges a peer by how it takes what is sent to it: Limits::max_unread_output and what follows
// there. A turn lasts unread_output_timeout. A value: no clock in it.
class SlowReader {
 public:
  // `limits` outlive it.
  explicit SlowReader(const Limits& limits) : limits_(limits) {}

  // So much is unread that the peer is cut off at once.
  bool IsFlooded(std::size_t unread) const { return unread > limits_.max_queued_output; }

  // `taken`: all that the peer has taken so far, in bytes.
  void BeginTurn(std::uint64_t taken) { taken_before_ = taken; }
  // True: the peer is cut off.
  bool EndTurn(std::uint64_t taken, std::size_t unread) {
    stalled_turns_ = taken == taken_before_ ? stalled_turns_ + 1 : 0;
    return stalled_turns_ >= (unread > limits_.max_unread_output ? 1 : kStalledTurns);
  }
  // It has taken everything.
  void Forgive() { stalled_turns_ = 0; }

 private:
  static constexpr int kStalledTurns = 6;

  const Limits& limits_;
  std::uint64_t taken_before_ = 0;
  int stalled_turns_ = 0;  // in a row
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_SLOW_READER_H_
