#ifndef CREDENTIAL_BROKER_TESTS_WALK_REACHED_H_
#define CREDENTIAL_BROKER_TESTS_WALK_REACHED_H_

#include <atomic>
#include <cstdint>

namespace credential_broker::walk {

using Count = std::atomic<std::uint64_t>;

// What the clients and the application of a walk have done so far. Thread-safe.
struct Reached {
  // The clients' side.
  Count connections{0};
  Count handshakes{0};  // TLS, completed
  Count silent{0};      // clients that send nothing by themselves
  Count oversized_hellos{0};
  Count vanished_in_handshake{0};
  Count vanished_in_frame{0};
  Count vanished{0};
  Count tcp_resets{0};
  Count half_closes{0};
  Count requests{0};
  Count responses{0};  // END_STREAM received
  Count goaways{0};
  Count server_resets{0};
  Count client_resets{0};
  Count garbage{0};
  Count key_updates{0};
  Count honest_calls{0};  // checked to the last byte

  // The application's side.
  Count handlers{0};
  Count handlers_alive{0};
  Count drained{0};
  Count taken_back{0};
  Count posts{0};
  Count posts_run{0};
  Count timers_run{0};
  Count used_while_destroyed{0};
};

}  // namespace credential_broker::walk

#endif  // CREDENTIAL_BROKER_TESTS_WALK_REACHED_H_
