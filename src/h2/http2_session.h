#ifndef CREDENTIAL_BROKER_H2_HTTP2_SESSION_H_
#define CREDENTIAL_BROKER_H2_HTTP2_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.h"
#include "base/intrusive_list.h"
#include "base/owned_list.h"
#include "core/peer.h"
#include "h2/counters.h"
#include "h2/frame_scanner.h"
#include "h2/limits.h"
#include "h2/rate_limiter.h"
#include "h2/session_template.h"
#include "h2/stream.h"
#include "h2/stream_history.h"

namespace credential_broker::h2 {

class StreamImpl;

// The place of a stream in the list of those whose queue has become empty.
using DrainedHook = ListHook<StreamImpl, struct Drained>;
using DrainedList = IntrusiveList<StreamImpl, struct Drained>;

// What the sessions of one loop share. All outlive them.
struct SessionEnvironment {
  Application& application;
  const Limits& limits;
  const SessionTemplate& session_template;
  Counters& counters;
  EventLoop& loop;
};

// What the owner of a session does for it.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  // The session has something to do at the end of the batch of events.
  virtual void OnPending() = 0;
  // The client's preface and SETTINGS have come; no request has been passed to the application yet.
  // May call Fail.
  virtual void OnPreface() {}
  // Returns what Stream::principal_is_full returns.
  virtual bool principal_is_full() const { return false; }
};

// HTTP/2 of one connection, without a socket: bytes in, bytes out, nghttp2 between. On one loop's
// thread.
class Http2Session {
 public:
  // How a session stands, as the owner's timers must know.
  enum class State {
    kPreface,   // the client's preface and SETTINGS are not here yet
    kSettings,  // our SETTINGS are not acknowledged yet
    kOpen,
  };

  Http2Session(const SessionEnvironment& environment, Peer peer, SessionOwner& owner);
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;
  ~Http2Session();

  // Takes bytes of the peer. `now`: seconds on the monotonic clock.
  void Receive(std::string_view bytes, double now);

  // Appends output, a frame at a time, until `out` holds `enough` bytes or there is none.
  void Produce(std::string& out, std::size_t enough);

  // The end of a batch: tells handlers that they have drained and destroys those whose stream has
  // closed.
  void FinishBatch();

  // Nothing is left to be done but sending what Produce gives.
  bool finished() const;
  State state() const { return state_; }
  const Peer& peer() const { return peer_; }
  std::size_t open_streams() const { return streams_.size(); }
  // The sum of StreamImpl::weight.
  std::size_t stream_weight() const { return stream_weight_; }
  // Bytes that streams have queued, and an estimate for what waits beside them.
  std::size_t queued_output() const;
  // Memory of the queued output that is this session's alone: shared payloads cost a pointer.
  std::size_t queued_memory() const;
  // Bytes of DATA that have gone out: grows whenever the peer takes some.
  std::uint64_t data_taken() const { return data_taken_; }

  // GOAWAY twice (RFC 9113 §6.8): the first tells the peer to open no more streams, the second,
  // which FinishShutdown sends, names the last one that is served.
  void BeginShutdown();
  void FinishShutdown();
  // The peer has answered the PING that followed the first GOAWAY, so it has seen it.
  bool shutdown_seen() const { return shutdown_seen_; }

  void SendPing();
  // GOAWAY with `error_code`: the owner sends what Produce gives and closes.
  void Fail(std::uint32_t error_code, std::string_view debug);

 private:
  friend class SessionTemplate;
  friend class StreamImpl;

  // False: the peer may not send this frame.
  bool CheckFrame(const FrameHeader& header);
  void Feed(std::string_view bytes);
  void OnBeginHeaders(const nghttp2_frame& frame);
  // False: nghttp2 is to go no further, the session has failed.
  bool OnHeader(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  void OnFrame(const nghttp2_frame& frame);
  void OnInvalidFrame(const nghttp2_frame& frame, int error);
  void OnData(std::int32_t stream_id, std::string_view bytes);
  void OnFrameSent(const nghttp2_frame& frame);
  void OnStreamClosed(std::int32_t stream_id);

  void OnSettings(const nghttp2_frame& frame);
  void OnPing(const nghttp2_frame& frame);
  // Counts one event of a kind that is limited; too many end the connection.
  void Spend(RateLimiter& limiter, PeerCounter& counter, std::string_view debug);

  // For StreamImpl.
  nghttp2_session* ng() { return ng_.get(); }
  void Touch() { owner_.OnPending(); }
  // Null: there is no such stream, or it has closed. nghttp2's callbacks name streams by their
  // numbers alone, and find them here.
  StreamImpl* FindStream(std::int32_t stream_id);

  const SessionEnvironment& environment_;
  const Peer peer_;
  SessionOwner& owner_;
  NgSessionPtr ng_;

  // Those that have closed are destroyed at the end of the batch: docs/lifetimes.md.
  OwnedList<StreamImpl> streams_;
  DrainedList drained_;  // to be told so at the end of the batch
  FrameScanner scanner_;
  StreamHistory history_;
  std::vector<nghttp2_nv> fields_;  // reused by each submission
  std::string* out_ = nullptr;      // where DATA goes while Produce runs

  State state_ = State::kPreface;
  bool failed_ = false;
  bool failure_sent_ = false;
  bool peer_left_ = false;
  bool shutdown_begun_ = false;
  bool shutdown_seen_ = false;
  bool answered_since_ping_ = false;
  double now_ = 0;
  std::size_t header_section_ = 0;  // bytes of the one that is being received
  std::size_t stream_weight_ = 0;
  std::size_t queued_bytes_ = 0;
  std::size_t queued_memory_ = 0;  // of the payloads
  std::uint64_t data_taken_ = 0;

  RateLimiter resets_;
  RateLimiter pings_;
  RateLimiter settings_;
  RateLimiter idle_frames_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_HTTP2_SESSION_H_
