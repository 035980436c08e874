#ifndef CREDENTIAL_BROKER_H2_SLOW_READER_H_
#define CREDENTIAL_BROKER_H2_SLOW_READER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "h2/limits.h"

namespace credential_broker::h2 {

// Decides when a peer that has output waiting takes too little of it: Limits::max_unread_output and
// what follows there. A turn lasts unread_output_timeout. A value without a clock.
class SlowReader {
 public:
  // `limits` outlive it.
  explicit SlowReader(const Limits& limits) : limits_(limits) {}

  // Returns true where so much is unread that the peer is cut off at once.
  bool IsFlooded(std::size_t unread) const { return unread > limits_.max_queued_output; }

  // `taken`: bytes that the peer has taken since the connection opened. `unread`: bytes that wait.
  void BeginTurn(std::int64_t taken, std::size_t unread) {
    taken_before_ = taken;
    due_ = static_cast<std::int64_t>(std::min(unread, MinimumPerTurn()));
  }
  // Returns true where the peer is cut off. A turn is slow in which the peer took less than the
  // minimum rate and left some of what was waiting.
  bool EndTurn(std::int64_t taken, std::size_t unread) {
    slow_turns_ = taken - taken_before_ < due_ ? slow_turns_ + 1 : 0;
    return slow_turns_ >= (unread > limits_.max_unread_output ? 1 : kSlowTurns);
  }
  // The peer has taken everything.
  void Forgive() { slow_turns_ = 0; }

 private:
  static constexpr int kSlowTurns = 6;

  std::size_t MinimumPerTurn() const {
    const double bytes = static_cast<double>(limits_.min_output_rate) *
                         absl::ToDoubleSeconds(limits_.unread_output_timeout);
    return std::max<std::size_t>(1, static_cast<std::size_t>(bytes));
  }

  const Limits& limits_;
  std::int64_t taken_before_ = 0;
  std::int64_t due_ = 1;  // bytes to take in this turn
  int slow_turns_ = 0;    // in a row
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_SLOW_READER_H_
