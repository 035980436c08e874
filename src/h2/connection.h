#ifndef CREDENTIAL_BROKER_H2_CONNECTION_H_
#define CREDENTIAL_BROKER_H2_CONNECTION_H_

#include <ev.h>

#include <cstddef>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/peer.h"
#include "h2/connection_limiter.h"
#include "h2/deadline_timer.h"
#include "h2/ev_loop.h"
#include "h2/http2_session.h"
#include "h2/output.h"
#include "h2/slow_reader.h"
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

  void Handshake();
  void Open();
  void Read();
  void LingerRead();
  void AfterRead();
  void FinishSoon(Output::Written written);
  std::size_t unread_output() const { return session_->queued_output() + output_.unwritten(); }
  void CheckUnread();
  void ExpireUnread();
  void Expire(Due due);
  void ExpireQuiet();
  // Our last words have been sent: wait for the peer to close.
  void Linger();
  void Close();
  void Watch(int events);

  double now() const { return environment_.loop.now(); }
  const Limits& limits() const { return environment_.session.limits; }
  Counters& counters() const { return environment_.session.counters; }
  const Peer& peer() const { return session_.has_value() ? session_->peer() : peer_; }

  LoopEnvironment& environment_;
  ConnectionOwner& owner_;
  ConnectionLimiter::Permit permit_;
  Transport transport_;
  Peer peer_;  // until the session has it
  State state_ = State::kHandshake;
  std::optional<Http2Session> session_;

  ev_io socket_;
  DeadlineTimer deadlines_;
  Output output_;
  SlowReader reader_;
  double last_read_;
  bool shutting_down_ = false;
  std::optional<double> shutdown_by_;  // set when it was told to end in its handshake
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_CONNECTION_H_
