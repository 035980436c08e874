#ifndef CREDENTIAL_BROKER_TESTS_RPC_FAKE_STREAM_H_
#define CREDENTIAL_BROKER_TESTS_RPC_FAKE_STREAM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/peer.h"
#include "h2/stream.h"
#include "support/fake_loop.h"

namespace credential_broker::rpc {

// The wire of one stream, as its client sees it. Misuse that nghttp2 would not forgive is counted
// in `misuse`.
class FakeStream : public h2::Stream {
 public:
  explicit FakeStream(FakeLoop& loop) : loop_(loop) { peer_.address = "192.0.2.1:50123"; }

  void SendHeaders(absl::Span<const h2::HeaderView> headers) override {
    misuse += !headers_.empty() || ended();
    headers_ = Copy(headers);
  }
  void SendData(h2::Payload payload) override {
    misuse += headers_.empty() || ended();
    queued_.append(payload.bytes());
    owned += payload.memory() - sizeof(h2::Payload);
    ++frames;
    Flow();
  }
  void SendTrailers(absl::Span<const h2::HeaderView> trailers) override {
    misuse += headers_.empty() || ended();
    trailers_ = Copy(trailers);
  }
  void SendHeadersOnly(absl::Span<const h2::HeaderView> headers) override {
    misuse += !headers_.empty() || ended();
    trailers_ = Copy(headers);
    headers_only = true;
  }
  void Reset(std::uint32_t error_code) override {
    misuse += reset.has_value();
    reset = error_code;
    queued_.clear();
  }
  bool TakeBack() override {
    if (!queued_whole_) {
      return false;
    }
    queued_.clear();
    return true;
  }
  void Consume(std::size_t size) override { consumed += size; }
  std::size_t unsent_bytes() const override { return queued_.size(); }
  bool principal_is_full() const override { return full; }
  const Peer& peer() const override { return peer_; }
  EventLoop& loop() override { return loop_; }

  // The client takes at most `size` more bytes; tells `handler` where that empties the queue.
  void Take(std::size_t size, h2::RequestHandler& handler) {
    const bool was_full = !queued_.empty();
    window_ = std::min(window_, std::numeric_limits<std::size_t>::max() - size) + size;
    Flow();
    if (was_full && queued_.empty()) {
      handler.OnDrained();
    }
  }
  void CloseWindow() { window_ = 0; }

  // A field of the last header section (trailers, or the only one); none: absent or not sent.
  std::optional<std::string> Trailer(std::string_view name) const { return Find(trailers_, name); }
  std::optional<std::string> Header(std::string_view name) const { return Find(headers_, name); }
  const std::vector<h2::Header>& headers() const { return headers_; }
  const std::vector<h2::Header>& trailers() const { return trailers_; }
  bool ended() const { return !trailers_.empty() || reset.has_value(); }

  bool full = false;      // principal_is_full
  std::size_t owned = 0;  // bytes of payloads that were not shared
  std::string received;   // DATA that the client has taken
  bool headers_only = false;
  std::optional<std::uint32_t> reset;
  std::size_t consumed = 0;
  int frames = 0;
  int misuse = 0;

 private:
  static std::vector<h2::Header> Copy(absl::Span<const h2::HeaderView> fields) {
    std::vector<h2::Header> copy;
    for (const h2::HeaderView& field : fields) {
      copy.push_back({std::string(field.name), std::string(field.value)});
    }
    return copy;
  }
  static std::optional<std::string> Find(const std::vector<h2::Header>& fields,
                                         std::string_view name) {
    for (const h2::Header& field : fields) {
      if (field.name == name) {
        return field.value;
      }
    }
    return std::nullopt;
  }
  void Flow() {
    const std::size_t size = std::min(window_, queued_.size());
    queued_whole_ = size == queued_.size() || (queued_whole_ && size == 0);
    received.append(queued_, 0, size);
    queued_.erase(0, size);
    if (window_ != std::numeric_limits<std::size_t>::max()) {
      window_ -= size;
    }
  }

  FakeLoop& loop_;
  Peer peer_;
  std::size_t window_ = std::numeric_limits<std::size_t>::max();
  std::string queued_;
  bool queued_whole_ = true;  // no byte of what is queued has been taken
  std::vector<h2::Header> headers_;
  std::vector<h2::Header> trailers_;
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_TESTS_RPC_FAKE_STREAM_H_
