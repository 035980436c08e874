#include "observe/metric_writer.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace credential_broker::observe {
namespace {

TEST(MetricWriter, WritesHelpTypeAndSamples) {
  MetricWriter writer;
  writer.BeginCounter("calls_total", "Calls.");
  writer.Sample({{"method", "Get"}, {"code", "OK"}}, std::uint64_t{18446744073709551615U});
  writer.BeginGauge("age_seconds", "Age.");
  writer.Sample({}, 1764000000.125);
  EXPECT_EQ(std::move(writer).Take(),
            "# HELP calls_total Calls.\n"
            "# TYPE calls_total counter\n"
            "calls_total{method=\"Get\",code=\"OK\"} 18446744073709551615\n"
            "# HELP age_seconds Age.\n"
            "# TYPE age_seconds gauge\n"
            "age_seconds 1764000000.125\n");
}

TEST(MetricWriter, EscapesLabelValues) {
  MetricWriter writer;
  writer.BeginGauge("g", "G.");
  writer.Sample({{"name", "a\"b\\c\nd"}}, std::uint64_t{1});
  EXPECT_TRUE(std::move(writer).Take().ends_with("g{name=\"a\\\"b\\\\c\\nd\"} 1\n"));
}

TEST(MetricWriter, WritesBucketsThatAddUp) {
  constexpr double kBounds[] = {0.1, 1};
  constexpr std::uint64_t kCounts[] = {2, 0, 3};
  MetricWriter writer;
  writer.BeginHistogram("took_seconds", "Took.");
  writer.Sample({{"a", "b"}}, HistogramCounts{kBounds, kCounts, 12.5});
  EXPECT_TRUE(
      std::move(writer).Take().ends_with("took_seconds_bucket{a=\"b\",le=\"0.1\"} 2\n"
                                         "took_seconds_bucket{a=\"b\",le=\"1\"} 2\n"
                                         "took_seconds_bucket{a=\"b\",le=\"+Inf\"} 5\n"
                                         "took_seconds_sum{a=\"b\"} 12.5\n"
                                         "took_seconds_count{a=\"b\"} 5\n"));
}

}  // namespace
}  // namespace credential_broker::observe
