#ifndef CREDENTIAL_BROKER_H2_STREAM_HISTORY_H_
#define CREDENTIAL_BROKER_H2_STREAM_HISTORY_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace credential_broker::h2 {

// Which streams the peer may not use any more (RFC 9113 §5.1). nghttp2 tells only if it keeps up to
// 100 closed streams a connection, about 25 KB; this remembers the few last ones. It errs on the
// side of the peer: frames for streams that are not remembered, or that we reset while the peer was
// still sending, are fine.
class StreamHistory {
 public:
  void OnOpened(std::int32_t id) {
    if (id > last_ + 2) {
      skipped_from_ = last_ + 2;
      skipped_to_ = id - 2;
    }
    last_ = id;
  }

  // The peer had ended or reset the stream by the time it closed.
  void OnClosedByPeer(std::int32_t id) {
    closed_[next_] = id;
    next_ = (next_ + 1) % closed_.size();
  }

  // HEADERS or DATA of the stream break the protocol: it is over.
  bool WasClosedByPeer(std::int32_t id) const {
    return std::find(closed_.begin(), closed_.end(), id) != closed_.end();
  }
  // So do HEADERS that open it: a later one was opened before.
  bool WasSkipped(std::int32_t id) const { return id >= skipped_from_ && id <= skipped_to_; }

 private:
  std::array<std::int32_t, 8> closed_{};
  std::size_t next_ = 0;
  std::int32_t last_ = -1;
  // The newest run of ids that were passed over; from > to: none.
  std::int32_t skipped_from_ = 1;
  std::int32_t skipped_to_ = 0;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_STREAM_HISTORY_H_
