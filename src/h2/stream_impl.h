#ifndef CREDENTIAL_BROKER_H2_STREAM_IMPL_H_
#define CREDENTIAL_BROKER_H2_STREAM_IMPL_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "h2/http2_session.h"
#include "h2/stream.h"

namespace credential_broker::h2 {

// One stream and the request on it. The session owns it, and it owns its handler. Its life, and
// what may name it: docs/lifetimes.md.
class StreamImpl final : public Stream, public Owned<StreamImpl>, public DrainedHook {
 public:
  StreamImpl(Http2Session& session, std::int32_t id) : session_(session), id_(id) {
    head_.headers.reserve(kUsualHeaders);
  }
  StreamImpl(const StreamImpl&) = delete;
  StreamImpl& operator=(const StreamImpl&) = delete;

  // Stream.
  void SendHeaders(absl::Span<const HeaderView> headers) override;
  void SendData(Payload payload) override;
  bool TakeBack() override;
  void SendTrailers(absl::Span<const HeaderView> trailers) override;
  void SendHeadersOnly(absl::Span<const HeaderView> headers) override;
  void Reset(std::uint32_t error_code) override;
  void Consume(std::size_t size) override;
  std::size_t unsent_bytes() const override { return queued_bytes_; }
  bool principal_is_full() const override { return session_.owner_.principal_is_full(); }
  const Peer& peer() const override { return session_.peer_; }
  EventLoop& loop() override { return session_.environment_.loop; }

  // The session's side.
  void AddHeader(std::string_view name, std::string_view value);
  void Dispatch();
  bool dispatched() const { return handler_ != nullptr; }
  // What the stream counts as for Limits::max_streams_per_principal, from Dispatch to Close.
  std::size_t weight() const { return weight_; }
  void OnData(std::string_view bytes);
  void OnEnd();
  void OnDrained();
  // The stream is no more: the handler's calls do nothing from now on.
  void Close();

  // The read callback: how many of at most `size` bytes go into the next DATA frame.
  ssize_t PrepareData(std::size_t size, std::uint32_t* flags);
  // Moves `size` bytes, as promised by PrepareData, from the queue to `out`.
  void TakeData(std::size_t size, std::string& out);

 private:
  friend class OwnedList<StreamImpl>;

  // Where the DATA of a stream stands with nghttp2.
  enum class DataState {
    kNone,      // never submitted
    kRunning,   // the read callback will be called when the windows allow it
    kDeferred,  // it found nothing to send
  };

  // What gRPC's clients send, without growing the list on the way.
  static constexpr std::size_t kUsualHeaders = 8;
  // A request without a bearer token takes less.
  static constexpr std::size_t kBytesPerWeight = 1024;

  ~StreamImpl() override = default;

  bool can_send() const { return !closed_ && !ended_; }
  void SetPseudoHeader(std::string_view name, std::string_view value);
  // For nghttp2, which copies them. Until the next call, whichever stream makes it.
  template <typename Headers>
  const std::vector<nghttp2_nv>& Fields(const Headers& headers);
  template <typename Headers>
  void SubmitTrailers(const Headers& trailers);
  void AddMemory(const Payload& payload);
  void RemoveMemory(std::size_t size);
  void DropQueue();

  Http2Session& session_;
  const std::int32_t id_;
  bool closed_ = false;
  bool ended_ = false;  // by us: the answer is whole, or reset
  DataState data_ = DataState::kNone;

  RequestHead head_;
  std::size_t header_list_ = 0;
  std::size_t weight_ = 0;
  std::size_t unconsumed_ = 0;

  absl::InlinedVector<Payload, 1> queue_;
  std::size_t queue_front_ = 0;   // the first payload that is not sent yet
  std::size_t front_offset_ = 0;  // what has been sent of it
  std::size_t queued_bytes_ = 0;
  std::size_t queued_memory_ = 0;
  std::optional<std::vector<Header>> trailers_;  // to follow the last queued byte

  // Last, so that it is destroyed first: its destructor may use the stream.
  std::unique_ptr<RequestHandler> handler_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_STREAM_IMPL_H_
