#include "observe/call_metrics.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace credential_broker::observe {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

// Finer below than Prometheus' defaults: most answers are there within a millisecond.
constexpr std::array<std::int64_t, 14> kBoundsInNanoseconds = {
    100'000,       500'000,       1'000'000,     5'000'000,     10'000'000,
    25'000'000,    50'000'000,    100'000'000,   250'000'000,   500'000'000,
    1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

constexpr std::array<double, kBoundsInNanoseconds.size()> BoundsInSeconds() {
  std::array<double, kBoundsInNanoseconds.size()> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    bounds[i] = static_cast<double>(kBoundsInNanoseconds[i]) / kNanosecondsPerSecond;
  }
  return bounds;
}

constexpr std::array<double, kBoundsInNanoseconds.size()> kBoundsInSeconds = BoundsInSeconds();

// As grpc-go names them.
constexpr std::array<std::string_view, 17> kCodeNames = {
    "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
    "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
    "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
    "DataLoss", "Unauthenticated"};

}  // namespace

CallMetrics::CallMetrics(std::vector<MethodName> methods)
    : methods_(std::move(methods)), cells_(std::make_unique<Cell[]>(kShards * methods_.size())) {
  static_assert(kBounds == kBoundsInSeconds.size());
  static_assert(kCodes == kCodeNames.size());
}

void CallMetrics::OnFinished(std::size_t method, absl::StatusCode code, absl::Duration took) {
  const std::int64_t nanoseconds = absl::ToInt64Nanoseconds(took);
  std::size_t bucket = 0;
  while (bucket < kBounds && nanoseconds > kBoundsInNanoseconds[bucket]) {
    ++bucket;
  }
  const auto known = std::min(static_cast<std::size_t>(code), kCodes - 1);
  Cell& cell = CellOf(method);
  cell.by_code[known].fetch_add(1, std::memory_order_relaxed);
  cell.by_duration[bucket].fetch_add(1, std::memory_order_relaxed);
  cell.nanoseconds.fetch_add(static_cast<std::uint64_t>(nanoseconds), std::memory_order_relaxed);
}

std::size_t CallMetrics::ShardOfThread() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t shard = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shard;
}

void CallMetrics::AddTo(std::size_t method, Totals& totals) const {
  for (std::size_t shard = 0; shard < kShards; ++shard) {
    const Cell& cell = cells_[shard * methods_.size() + method];
    totals.nanoseconds += cell.nanoseconds.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < kCodes; ++i) {
      totals.by_code[i] += cell.by_code[i].load(std::memory_order_relaxed);
    }
    for (std::size_t i = 0; i <= kBounds; ++i) {
      totals.by_duration[i] += cell.by_duration[i].load(std::memory_order_relaxed);
    }
    totals.started += cell.started.load(std::memory_order_relaxed);
  }
}

void WriteCallMetrics(absl::Span<const CallMetrics* const> all, MetricWriter& writer) {
  std::map<std::tuple<std::string_view, std::string_view, std::string_view>, CallMetrics::Totals>
      methods;
  for (const CallMetrics* const metrics : all) {
    for (std::size_t i = 0; i < metrics->methods_.size(); ++i) {
      const MethodName& name = metrics->methods_[i];
      metrics->AddTo(i, methods[{name.type, name.service, name.method}]);
    }
  }
  const auto labels_of = [](const auto& entry) {
    const auto& [type, service, method] = entry.first;
    return std::array<MetricLabel, 3>{
        {{"grpc_type", type}, {"grpc_service", service}, {"grpc_method", method}}};
  };

  writer.BeginCounter("grpc_server_started_total", "Calls that reached their method.");
  for (const auto& entry : methods) {
    writer.Sample(labels_of(entry), entry.second.started);
  }
  writer.BeginCounter("grpc_server_handled_total",
                      "Calls that have ended, by the status that they ended with.");
  for (const auto& entry : methods) {
    for (std::size_t code = 0; code < CallMetrics::kCodes; ++code) {
      const std::uint64_t count = entry.second.by_code[code];
      if (count > 0 || code == 0) {
        const auto [type, service, method] = labels_of(entry);
        writer.Sample({type, service, method, {"grpc_code", kCodeNames[code]}}, count);
      }
    }
  }
  writer.BeginHistogram("grpc_server_handling_seconds",
                        "Time from a call's headers to the status that it ended with.");
  for (const auto& entry : methods) {
    const CallMetrics::Totals& totals = entry.second;
    writer.Sample(labels_of(entry),
                  {kBoundsInSeconds, totals.by_duration,
                   static_cast<double>(totals.nanoseconds) / kNanosecondsPerSecond});
  }
}

}  // namespace credential_broker::observe
