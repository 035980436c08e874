#include "observe/process_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace credential_broker::observe {
namespace {

// The fields of /proc/self/stat that follow the name of the program, which may itself hold spaces
// and brackets; the first is number 3 of proc(5).
std::vector<std::string> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos) {
    return {};
  }
  std::istringstream rest(line.substr(end_of_name + 1));
  return {std::istream_iterator<std::string>(rest), std::istream_iterator<std::string>()};
}

// When the machine was booted, in seconds since the epoch.
std::optional<double> BootedAt() {
  std::ifstream file("/proc/stat");
  std::string word;
  while (file >> word) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) {
      return seconds;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> OpenDescriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator open("/proc/self/fd", error);
  if (error) {
    return std::nullopt;
  }
  // One of them is what reads the folder.
  return static_cast<std::uint64_t>(std::distance(open, {})) - 1;
}

void WriteStat(const std::vector<std::string>& fields, MetricWriter& writer) {
  // By their numbers in proc(5).
  const auto field = [&fields](std::size_t number) { return std::stod(fields[number - 3]); };
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  writer.BeginCounter("process_cpu_seconds_total", "User and system CPU time of the process.");
  writer.Sample({}, (field(14) + field(15)) / ticks);
  writer.BeginGauge("process_threads", "Threads of the process.");
  writer.Sample({}, field(20));
  if (const std::optional<double> booted_at = BootedAt()) {
    writer.BeginGauge("process_start_time_seconds", "When the process was started.");
    writer.Sample({}, *booted_at + field(22) / ticks);
  }
  writer.BeginGauge("process_virtual_memory_bytes", "Virtual memory of the process.");
  writer.Sample({}, field(23));
  writer.BeginGauge("process_resident_memory_bytes", "Resident memory of the process.");
  writer.Sample({}, field(24) * static_cast<double>(sysconf(_SC_PAGESIZE)));
}

}  // namespace

void WriteProcessMetrics(MetricWriter& writer) {
  constexpr std::size_t kFields = 22;  // to number 24
  const std::vector<std::string> fields = StatFields();
  if (fields.size() >= kFields) {
    WriteStat(fields, writer);
  }
  if (const std::optional<std::uint64_t> open = OpenDescriptors()) {
    writer.BeginGauge("process_open_fds", "Open file descriptors.");
    writer.Sample({}, *open);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    writer.BeginGauge("process_max_fds", "Most file descriptors that may be open.");
    writer.Sample({}, std::uint64_t{limit.rlim_cur});
  }
}

}  // namespace credential_broker::observe
