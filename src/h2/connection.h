#ifndef CREDENTIAL_BROKER_H2_CONNECTION_H_
#define CREDENTIAL_BROKER_H2_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/intrusive_list.h"
#include "base/owned_list.h"
#include "base/random.h"
#include "core/peer.h"
#include "h2/connection_limiter.h"
#include "h2/deadline_timer.h"
#include "h2/ev_loop.h"
#include "h2/handshake_queue.h"
#include "h2/http2_session.h"
#include "h2/io_watcher.h"
#include "h2/output.h"
#include "h2/output_budget.h"
#include "h2/principal_gate.h"
#include "h2/principal_share.h"
#include "h2/slow_reader.h"
#include "h2/tls_context.h"
#include "h2/transport.h"

namespace credential_broker::h2 {

class Connection;

// What the connections of one loop share.
struct LoopEnvironment {
  EvLoop& loop;
  SessionEnvironment session;
  const TlsSlot& tls;
  const Clock& clock;
  std::vector<char> read_buffer;
  std::string write_buffer;
  Random& random;
  HandshakeQueue handshakes;
  std::shared_ptr<OutputBudget> output_budget;
  std::shared_ptr<OutputBudget::Loop> output_loop;
  PrincipalGate& principals;
};

// What an owner of connections does for them.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // Calls Flush at the end of the batch of events.
  virtual void OnUnflushed(Connection& connection) = 0;
  // Calls ReadOn when other connections have had their turn.
  virtual void OnUnread(Connection& connection) = 0;
  // Destroys the connection at the end of the batch of events, not before.
  virtual void OnOver(Connection& connection) = 0;
};

// The place of a connection in the list of those that Flush is to be called for.
using UnflushedHook = ListHook<Connection, struct Unflushed>;
using UnflushedList = IntrusiveList<Connection, struct Unflushed>;

// The place of a connection in the list of those that ReadOn is to be called for.
using UnreadHook = ListHook<Connection, struct Unread>;
using UnreadList = IntrusiveList<Connection, struct Unread>;

// One connection from accept to close: socket, TLS handshake, HTTP/2, and all of its time limits.
//
//   kHandshake -> kOpen -> kLingering -> kOver
//
// While it lingers, our side is shut and the peer's bytes are thrown away until it closes too: to
// close with bytes unread would reset the connection, and the peer might lose our last ones.
//
// Its life, and what may name it: docs/lifetimes.md.
class Connection final : public SessionOwner,
                         public Handshaking,
                         public Owned<Connection>,
                         public UnflushedHook,
                         public UnreadHook {
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

  void OnPending() override;
  void OnPreface() override;
  void StepHandshake() override;
  void Evict() override;
  bool principal_is_full() const override { return principal_.streams_exhausted(); }
  // Reads and processes the next part of what the peer has sent.
  void ReadOn();
  // Sends what there is to send, and lets handlers go whose streams have closed.
  void Flush();
  // GOAWAY twice, then closes when there are no streams; after `grace` those that are left are cut.
  void BeginShutdown(absl::Duration grace);
  // GOAWAY once, then closes whatever is open.
  void Cut();
  // Closes if OutputBudget has chosen this connection.
  void CloseIfChosen();
  // Verifies the client's certificate again, at a random moment of `spread`, and shuts the
  // connection down when the client CAs and CRLs in force do not cover it any more.
  void CheckTrustSoon(absl::Duration spread);

 private:
  friend class OwnedList<Connection>;

  enum class State { kHandshake, kOpen, kLingering, kOver };

  ~Connection() override = default;

  void OnSocket(int events);
  void Handshake();
  void Open();
  // Takes a place among the connections that have authenticated, for one that has or need not.
  // Returns false, and counts it, where there is none: the connection has to end.
  bool Confirm();
  void BeginLife();
  void PlanExpiry();
  // Ends the connection in time for its certificate's notAfter.
  void CheckExpiry();
  void CheckTrust();
  // Reads as much as the read buffer holds, and asks for ReadOn where there may be more.
  void Read();
  void LingerRead();
  void AfterRead();
  void AdmitPrincipal();
  void FinishSoon(Output::Written written);
  std::size_t unread_output() const { return session_->queued_output() + output_.unwritten(); }
  // Bytes that the socket has taken, by the DATA in them. Output that is not DATA counts while it
  // is written and no longer: a peer's own requests and pings do not make it a reader.
  std::int64_t taken_output() const {
    return static_cast<std::int64_t>(session_->data_taken()) -
           static_cast<std::int64_t>(output_.unwritten());
  }
  void CheckUnread();
  void ExpireUnread();
  void Expire(Due due);
  void ExpireQuiet();
  // Our last words have been sent: wait for the peer to close.
  void Linger();
  void Close();

  double now() const { return environment_.loop.now(); }
  const Limits& limits() const { return environment_.session.limits; }
  Counters& counters() const { return environment_.session.counters; }
  const Peer& peer() const { return session_.has_value() ? session_->peer() : peer_; }

  LoopEnvironment& environment_;
  ConnectionOwner& owner_;
  ConnectionLimiter::Permit permit_;
  std::optional<HandshakeQueue::Place> place_;  // until Confirm
  Transport transport_;
  Peer peer_;  // until the session has it
  State state_ = State::kHandshake;
  std::optional<Http2Session> session_;

  IoWatcher socket_;
  DeadlineTimer deadlines_;
  Output output_;
  OutputBudget::Share queued_;
  PrincipalShare principal_;
  SlowReader reader_;
  double last_read_;
  absl::Duration expiry_notice_;  // from GOAWAY to the end of the client's certificate
  bool flushing_ = false;         // bytes are produced and written
  bool write_needs_read_ = false;
  bool shutting_down_ = false;
  std::optional<double> shutdown_by_;  // set when it was told to end in its handshake
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_CONNECTION_H_
