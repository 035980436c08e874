#ifndef CREDENTIAL_BROKER_H2_ACCEPTOR_H_
#define CREDENTIAL_BROKER_H2_ACCEPTOR_H_

#include <ev.h>
#include <sys/socket.h>

#include "absl/functional/any_invocable.h"
#include "base/unique_fd.h"
#include "h2/counters.h"
#include "h2/ev_loop.h"

namespace credential_broker::h2 {

// Accepts the connections of one listening socket. When descriptors or memory run out it pauses for
// 100 ms and comes back: connections wait in the kernel's queue meanwhile. Some descriptors it
// leaves to the rest of the process, which must go on reaching its upstream then.
class Acceptor {
 public:
  using Callback = absl::AnyInvocable<void(UniqueFd, const sockaddr_storage&)>;

  // `listener`: listening, non-blocking. `loop` and `counters` outlive the acceptor.
  Acceptor(EvLoop& loop, UniqueFd listener, Counters& counters, Callback on_accept);
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;
  ~Acceptor();

  // Takes what waits in the queue, so that closing the socket resets nobody.
  void AcceptAll();

 private:
  // False: nothing more can be had now.
  bool AcceptOne();
  // Whether the process can spare a descriptor.
  bool HasDescriptor() const;
  void Pause();

  EvLoop& loop_;
  UniqueFd listener_;
  Counters& counters_;
  Callback on_accept_;
  ev_io watcher_;
  ev_timer resume_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_ACCEPTOR_H_
