#include "observe/process_metrics.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace credential_broker::observe {
namespace {

double ValueOf(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

TEST(ProcessMetrics, TellsOfThisProcess) {
  MetricWriter writer;
  WriteProcessMetrics(writer);
  const std::string text = std::move(writer).Take();
  const double started = ValueOf(text, "process_start_time_seconds");
  const double now = absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
  EXPECT_GT(started, now - 3600);
  EXPECT_LT(started, now + 2);
  EXPECT_GE(ValueOf(text, "process_cpu_seconds_total"), 0);
  EXPECT_LT(ValueOf(text, "process_cpu_seconds_total"), 3600);
  EXPECT_GE(ValueOf(text, "process_threads"), 1);
  EXPECT_LT(ValueOf(text, "process_threads"), 100);
  const double resident = ValueOf(text, "process_resident_memory_bytes");
  EXPECT_GT(resident, 1e6);
  EXPECT_GT(ValueOf(text, "process_virtual_memory_bytes"), resident);
  EXPECT_GE(ValueOf(text, "process_open_fds"), 3);
  EXPECT_LT(ValueOf(text, "process_open_fds"), ValueOf(text, "process_max_fds"));
}

}  // namespace
}  // namespace credential_broker::observe
