#ifndef CREDENTIAL_BROKER_H2_CONNECTION_H_
#define CREDENTIAL_BROKER_H2_CONNECTION_H_

#include <ev.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/peer.h"
#include "h2/connection_limiter.h"
#include "h2/deadlines.h"
#include "h2/ev_loop.h"
#include "h2/http2_session.h"
#include "h2/transport.h"

namespace credential_broker::h2 {

class Connection;

// What the connections of one loop share.
struct LoopEnvironment {
  EvLoop& loop;
  SessionEnvironment session;
  std::vector<char> read_buffer;
  std::string write_buffer;
  std::minstd_rand random;  // for jitter only
};

// Who owns connections.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // Flush is to be called at the end of the batch of events.
  virtual void OnDirty(Connection& connection) = 0;
  // The connection is over. It is destroyed at the end of the batch and not before: the batch may
  // name it still.
  virtual void OnOver(Connection& connection) = 0;
};

// One connection from accept to close: socket, TLS handshake, HTTP/2, and all of its time limits.
//
//   kHandshake -> kOpen -> kLingering -> kOver
//
// While it lingers, our side is shut and the peer's bytes are thrown away until it closes too: to
// close with bytes unread would reset the connection, and the peer might lose our last ones.
class Connection final : public SessionOwner {
 public:
  struct Accepted {
    UniqueFd socket;
    SslPtr ssl;  // null: plaintext
    Peer peer;
    ConnectionLimiter::Permit permit;
  };

  Connection(LoopEnvironment& environment, ConnectionOwner& owner, Accepted accepted);
  // Once, when the owner knows the connection.
  void Start();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  void OnPending() override;
  // Sends what there is to send, and lets handlers go whose streams have closed.
  void Flush();
  // GOAWAY twice, then closes when there are no streams; after `grace` those that are left are cut.
  void BeginShutdown(absl::Duration grace);
  // GOAWAY once, then closes whatever is open.
  void Cut();

  std::size_t place = 0;  // among the owner's connections
  bool dirty = false;     // OnDirty was called since the last Flush

 private:
  enum class State { kHandshake, kOpen, kLingering, kOver };

  static void OnSocket(struct ev_loop* loop, ev_io* watcher, int events);
  static void OnTimer(struct ev_loop* loop, ev_timer* watcher, int events);

  void Handshake();
  void Open();
  void Read();
  void LingerRead();
  void AfterRead();
  enum class Written {
    kAll,
    kMore,     // there is more, but it is the others' turn
    kBlocked,  // the socket takes no more now
    kBroken,
  };
  Written WriteOut();
  // Writes what the socket takes off `bytes`; false: it is broken.
  bool WriteSome(std::string_view& bytes);
  void FinishSoon(Written written);
  std::size_t unread_output() const { return session_->queued_output() + unwritten_.size(); }
  void CheckUnread();
  void ExpireUnread();
  void Expire(Due due);
  void ExpireQuiet();
  void ArmTimer();
  // Our last words have been sent: wait for the peer to close.
  void Linger();
  void Close();
  void Watch(int events);

  double now() const { return environment_.loop.now(); }
  const Limits& limits() const { return environment_.session.limits; }
  Counters& counters() const { return environment_.session.counters; }

  LoopEnvironment& environment_;
  ConnectionOwner& owner_;
  ConnectionLimiter::Permit permit_;
  Transport transport_;
  Peer peer_;  // until the session has it
  State state_ = State::kHandshake;
  std::optional<Http2Session> session_;

  ev_io socket_;
  ev_timer timer_;
  double armed_for_ = Deadlines::kNever;
  Deadlines deadlines_;
  double last_read_;
  std::string unwritten_;           // what the socket did not take
  std::uint64_t taken_before_ = 0;  // session_->data_taken() when kUnread was set
  int stalled_turns_ = 0;           // times in a row that kUnread came and none had been taken
  bool shutting_down_ = false;
  std::optional<double> shutdown_by_;  // set when it was told to end in its handshake
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_CONNECTION_H_
