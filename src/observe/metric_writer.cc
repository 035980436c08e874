#include "observe/metric_writer.h"

#include <array>
#include <charconv>
#include <cstddef>

#include "base/strings.h"

namespace credential_broker::observe {
namespace {

std::string SampleText(double number) {
  std::array<char, 400> buffer;  // takes the largest and the smallest
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed);
  return {buffer.data(), end};
}

std::string Escaped(std::string_view label_value) {
  std::string escaped;
  for (const char c : label_value) {
    if (c == '\n') {
      escaped += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') {
      escaped += '\\';
    }
    escaped += c;
  }
  return escaped;
}

}  // namespace

void MetricWriter::BeginCounter(std::string_view name, std::string_view help) {
  Begin(name, help, "counter");
}

void MetricWriter::BeginGauge(std::string_view name, std::string_view help) {
  Begin(name, help, "gauge");
}

void MetricWriter::BeginHistogram(std::string_view name, std::string_view help) {
  Begin(name, help, "histogram");
}

void MetricWriter::Sample(Labels labels, std::uint64_t value) {
  Line("", labels, "", std::to_string(value));
}

void MetricWriter::Sample(Labels labels, double value) { Line("", labels, "", SampleText(value)); }

void MetricWriter::Sample(Labels labels, const HistogramCounts& histogram) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < histogram.counts.size(); ++i) {
    count += histogram.counts[i];
    const std::string bound =
        i < histogram.bounds.size() ? SampleText(histogram.bounds[i]) : "+Inf";
    Line("_bucket", labels, bound, std::to_string(count));
  }
  Line("_sum", labels, "", SampleText(histogram.sum));
  Line("_count", labels, "", std::to_string(count));
}

void MetricWriter::Sample(Labels labels, absl::Time time) {
  constexpr double kMillisecondsPerSecond = 1e3;
  Sample(labels, static_cast<double>(absl::ToUnixMillis(time)) / kMillisecondsPerSecond);
}

void MetricWriter::Begin(std::string_view name, std::string_view help, std::string_view type) {
  family_ = std::string(name);
  text_ += StrCat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n");
}

void MetricWriter::Line(std::string_view suffix, Labels labels, std::string_view bound,
                        std::string_view value) {
  std::string inside;
  for (const MetricLabel& label : labels) {
    inside += StrCat(inside.empty() ? "" : ",", label.name, "=\"", Escaped(label.value), "\"");
  }
  if (!bound.empty()) {
    inside += StrCat(inside.empty() ? "" : ",", "le=\"", bound, "\"");
  }
  text_ +=
      StrCat(family_, suffix, inside.empty() ? "" : StrCat("{", inside, "}"), " ", value, "\n");
}

}  // namespace credential_broker::observe
