#ifndef CREDENTIAL_BROKER_OBSERVE_METRIC_WRITER_H_
#define CREDENTIAL_BROKER_OBSERVE_METRIC_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace credential_broker::observe {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

struct MetricLabel {
  std::string_view name;
  std::string_view value;
};

// One series of a histogram as it stands: of `counts` there is one more than of `bounds`, for what
// lies beyond the last; each counts what no bound before it took.
struct HistogramCounts {
  absl::Span<const double> bounds;  // upper, inclusive, growing
  absl::Span<const std::uint64_t> counts;
  double sum = 0;
};

// Writes metrics in Prometheus' text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). A family is begun once, and all
// of its samples follow. Not thread-safe.
class MetricWriter {
 public:
  using Labels = absl::Span<const MetricLabel>;

  void BeginCounter(std::string_view name, std::string_view help);
  void BeginGauge(std::string_view name, std::string_view help);
  void BeginHistogram(std::string_view name, std::string_view help);

  // Samples of the family that was begun last.
  void Sample(Labels labels, std::uint64_t value);
  void Sample(Labels labels, double value);
  void Sample(Labels labels, const HistogramCounts& histogram);
  void Sample(Labels labels, absl::Time time);  // in seconds since 1970

  std::string Take() && { return std::move(text_); }

 private:
  void Begin(std::string_view name, std::string_view help, std::string_view type);
  // `bound`: the label `le`; empty: none.
  void Line(std::string_view suffix, Labels labels, std::string_view bound, std::string_view value);

  std::string family_;
  std::string text_;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_METRIC_WRITER_H_
