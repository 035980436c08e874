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

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "core/clock.h"
#include "core/mutex.h"
#include "core/peer.h"
#include "h2/event_loop.h"
#include "h2/stream.h"

namespace credential_broker::rpc {

// An event loop that runs what it was given when a test says so, on a time of its own.
class FakeLoop : public h2::EventLoop, public Clock {
 public:
  void Post(absl::AnyInvocable<void() &&> task) override {
    MutexLock lock(mutex_);
    if (!refusing_) {
      posted_.push_back(std::move(task));
    }
  }

  // As the loop of a worker that has stopped: later tasks are destroyed without being run.
  void RefuseTasks() {
    MutexLock lock(mutex_);
    refusing_ = true;
  }

  std::unique_ptr<h2::Timer> RunAfter(absl::Duration delay,
                                      absl::AnyInvocable<void() &&> task) override {
    ++timers_set_;
    return std::make_unique<FakeTimer>(*this, now_ + delay, std::move(task));
  }

  // How many tasks wait to be run.
  std::size_t posted() const {
    MutexLock lock(mutex_);
    return posted_.size();
  }

  // Runs what has been posted so far.
  void RunPosted() {
    std::vector<absl::AnyInvocable<void() &&>> tasks;
    {
      MutexLock lock(mutex_);
      tasks.swap(posted_);
    }
    for (auto& task : tasks) {
      std::move(task)();
    }
  }

  void Advance(absl::Duration by) {
    now_ = now_ + by;
    const std::vector<FakeTimer*> timers = timers_;
    for (FakeTimer* timer : timers) {
      if (std::find(timers_.begin(), timers_.end(), timer) != timers_.end()) {
        timer->RunIfDue();
      }
    }
  }

  BootTime Now() const override { return now_; }
  absl::Time WallNow() const override { return absl::UnixEpoch(); }

  int timers_set() const { return timers_set_; }
  std::size_t timers_armed() const {
    return static_cast<std::size_t>(std::count_if(
        timers_.begin(), timers_.end(), [](const FakeTimer* timer) { return timer->armed(); }));
  }

 private:
  class FakeTimer : public h2::Timer {
   public:
    FakeTimer(FakeLoop& loop, BootTime due, absl::AnyInvocable<void() &&> task)
        : loop_(loop), due_(due), task_(std::move(task)) {
      loop_.timers_.push_back(this);
    }
    ~FakeTimer() override {
      loop_.timers_.erase(std::find(loop_.timers_.begin(), loop_.timers_.end(), this));
    }
    void RunIfDue() {
      if (task_ && due_ <= loop_.now_) {
        std::exchange(task_, nullptr)();
      }
    }
    bool armed() const { return static_cast<bool>(task_); }

   private:
    FakeLoop& loop_;
    BootTime due_;
    absl::AnyInvocable<void() &&> task_;
  };

  mutable Mutex mutex_;
  std::vector<absl::AnyInvocable<void() &&>> posted_ ABSL_GUARDED_BY(mutex_);
  bool refusing_ ABSL_GUARDED_BY(mutex_) = false;
  BootTime now_ = BootTime::FromSinceBoot(absl::Hours(1));
  std::vector<FakeTimer*> timers_;
  int timers_set_ = 0;
};

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
  h2::EventLoop& loop() override { return loop_; }

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
