#ifndef CREDENTIAL_BROKER_H2_PRINCIPAL_SHARE_H_
#define CREDENTIAL_BROKER_H2_PRINCIPAL_SHARE_H_

#include <atomic>
#include <cstddef>
#include <utility>

#include "base/keyed_permits.h"

namespace credential_broker::h2 {

// One connection's part of what its principal has open: the connection itself, and its streams. On
// the connection's loop; the sum is shared by all loops.
class PrincipalShare {
 public:
  // Limits nothing until Begin: the share of a connection that has no principal.
  PrincipalShare() = default;
  PrincipalShare(const PrincipalShare&) = delete;
  PrincipalShare& operator=(const PrincipalShare&) = delete;
  ~PrincipalShare() { SetStreams(0); }

  // At most once. `permit`: of a connection, not empty.
  void Begin(KeyedPermits::Permit permit, std::size_t max_streams) {
    permit_ = std::move(permit);
    max_streams_ = max_streams;
  }

  // `weight`: of the connection's open streams (Http2Session::stream_weight). To be called when the
  // connection has been read and when it has been flushed, not for each stream.
  void SetStreams(std::size_t weight) {
    if (weight != streams_ && permit_) {
      // Wraps around where `weight` is less, and back.
      permit_.shared_number().fetch_add(weight - streams_, std::memory_order_relaxed);
      streams_ = weight;
    }
  }

  // Returns true while the principal has the maximum of streams open.
  bool streams_exhausted() const {
    return permit_ && permit_.shared_number().load(std::memory_order_relaxed) >= max_streams_;
  }

 private:
  KeyedPermits::Permit permit_;
  std::size_t max_streams_ = 0;
  std::size_t streams_ = 0;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_PRINCIPAL_SHARE_H_
