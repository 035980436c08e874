#ifndef CREDENTIAL_BROKER_OBSERVE_CALL_METRICS_H_
#define CREDENTIAL_BROKER_OBSERVE_CALL_METRICS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "observe/metric_writer.h"

namespace credential_broker::observe {

struct MethodName {
  std::string type;     // "unary", "client_stream", "server_stream" or "bidi_stream"
  std::string service;  // "grpc.health.v1.Health"
  std::string method;   // "Check"
};

// Counts the calls of one listener by method. Thread-safe, and made for every call's way: each
// thread adds to cells of its own, so that loops share no cache line; no lock, no look-up, no
// allocation.
class CallMetrics {
 public:
  // Named from then on by their place in `methods`.
  explicit CallMetrics(std::vector<MethodName> methods);

  void OnStarted(std::size_t method) {
    CellOf(method).started.fetch_add(1, std::memory_order_relaxed);
  }
  void OnFinished(std::size_t method, absl::StatusCode code, absl::Duration took);

 private:
  friend void WriteCallMetrics(absl::Span<const CallMetrics* const> all, MetricWriter& writer);

  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kCodes = 17;  // 0 to UNAUTHENTICATED
  static constexpr std::size_t kBounds = 14;

  struct alignas(64) Cell {
    std::atomic<std::uint64_t> started{0};
    std::array<std::atomic<std::uint64_t>, kCodes> by_code{};
    std::array<std::atomic<std::uint64_t>, kBounds + 1> by_duration{};
    std::atomic<std::uint64_t> nanoseconds{0};
  };

  // What all threads have counted of one method.
  struct Totals {
    std::uint64_t started = 0;
    std::array<std::uint64_t, kCodes> by_code{};
    std::array<std::uint64_t, kBounds + 1> by_duration{};
    std::uint64_t nanoseconds = 0;
  };

  Cell& CellOf(std::size_t method) { return cells_[ShardOfThread() * methods_.size() + method]; }
  static std::size_t ShardOfThread();
  void AddTo(std::size_t method, Totals& totals) const;

  const std::vector<MethodName> methods_;
  const std::unique_ptr<Cell[]> cells_;
};

// go-grpc-prometheus' families: grpc_server_started_total, grpc_server_handled_total and
// grpc_server_handling_seconds. A method that several listeners serve is one series.
void WriteCallMetrics(absl::Span<const CallMetrics* const> all, MetricWriter& writer);

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_CALL_METRICS_H_
