#ifndef CREDENTIAL_BROKER_H2_STREAM_H_
#define CREDENTIAL_BROKER_H2_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "base/event_loop.h"
#include "core/peer.h"

namespace credential_broker::h2 {

// A header field to send. Names are lower case (RFC 9113 §8.2.1); nothing is checked on the way
// out.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

// A header field as received. Order and duplicates are kept.
struct Header {
  std::string name;
  std::string value;
};

// The request's header section: pseudo headers apart, the rest in order.
struct RequestHead {
  std::string method;
  std::string path;
  std::string scheme;
  std::string authority;
  std::vector<Header> headers;
  // The header list was larger than Limits::max_header_list (RFC 9113 §6.5.2: name + value + 32
  // each); `headers` is cut short.
  bool too_large = false;
};

// Bytes to send: owned by one stream, or shared by many.
class Payload {
 public:
  Payload(std::string owned) : owned_(std::move(owned)) {}  // NOLINT(google-explicit-constructor)
  Payload(std::shared_ptr<const std::string> shared)        // NOLINT(google-explicit-constructor)
      : shared_(std::move(shared)) {}
  std::string_view bytes() const { return shared_ ? *shared_ : owned_; }
  // Returns what it costs the stream's queue in memory: of shared bytes no more than the pointer.
  std::size_t memory() const { return sizeof(Payload) + (shared_ ? 0 : owned_.capacity()); }

 private:
  std::string owned_;
  std::shared_ptr<const std::string> shared_;
};

// The answering side of one HTTP/2 stream. Used on its loop's thread only; valid while its
// RequestHandler lives. Nothing is written to the socket inside these calls: output is flushed at
// the end of the batch of events.
class Stream {
 public:
  virtual ~Stream() = default;

  // HEADERS without END_STREAM; at most once, before any data.
  virtual void SendHeaders(absl::Span<const HeaderView> headers) = 0;
  // Queues DATA. Needs SendHeaders before.
  virtual void SendData(Payload payload) = 0;
  // Drops what SendData has queued, where no byte of it has gone out yet, so that something newer
  // can take its place. False: some has, and all of it stays.
  virtual bool TakeBack() = 0;
  // The trailer section, after all queued data; ends the stream. Where the peer has not half-closed
  // by then, RST_STREAM(NO_ERROR) follows by itself (RFC 9113 §8.1). So for SendHeadersOnly.
  virtual void SendTrailers(absl::Span<const HeaderView> trailers) = 0;
  // One HEADERS frame with END_STREAM, as the whole answer.
  virtual void SendHeadersOnly(absl::Span<const HeaderView> headers) = 0;
  // RST_STREAM with an HTTP/2 error code (RFC 9113 §7); drops what is queued.
  virtual void Reset(std::uint32_t error_code) = 0;

  // Gives `size` received bytes back to the peer's flow-control windows. Every byte that OnData
  // passed must be consumed once; what is not consumed when the stream closes is given back to the
  // connection then.
  virtual void Consume(std::size_t size) = 0;

  // Bytes queued by SendData that the peer's window or socket has not taken yet.
  virtual std::size_t unsent_bytes() const = 0;

  // Returns true while the peer's principal has Limits::max_streams_per_principal open, so that the
  // application should refuse a new request.
  virtual bool principal_is_full() const { return false; }

  virtual const Peer& peer() const = 0;
  virtual EventLoop& loop() = 0;
};

// The application's side of one stream. Destroyed when the stream has closed, for whatever reason
// (answered, reset by the peer, connection lost): the destructor is the notice. Never destroyed
// inside one of its own calls.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;
  // Request body bytes, in order; the view is valid during the call. None of these three is called
  // once the stream has been ended or reset by us.
  virtual void OnData(std::string_view bytes) = 0;
  // The peer has half-closed; no OnData follows.
  virtual void OnEnd() = 0;
  // unsent_bytes() has come back to 0.
  virtual void OnDrained() = 0;
};

// What a listener serves. Called on every loop's thread, so thread-safe.
class Application {
 public:
  virtual ~Application() = default;
  // A request's headers are complete. `stream` outlives the handler. Never null.
  virtual std::unique_ptr<RequestHandler> OnRequest(Stream& stream, RequestHead head) = 0;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_STREAM_H_
