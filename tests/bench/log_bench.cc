// What audit and a log level that is left out cost on the way of every GetToken.

#include <fcntl.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/strings.h"
#include "benchmark/benchmark.h"
#include "observe/audit.h"
#include "observe/log_writer.h"

namespace credential_broker::observe {
namespace {

void TokenIssuedAgain(benchmark::State& state) {
  static Logger log({}, SystemClock(), [](std::string_view) {});
  static AuditLog audit(log);
  const auto callers = static_cast<std::size_t>(state.range(0));
  std::vector<std::string> principals;
  for (std::size_t i = 0; i < callers; ++i) {
    principals.push_back(StrCat("spiffe://prod.example.com/ns/orders/sa/service-", i));
    audit.TokenIssued(principals.back(), "192.0.2.101:50123", "default",
                      "01HV0000000000000000000000");
  }
  std::size_t i = 0;
  for (auto _ : state) {  // NOLINT(clang-analyzer-deadcode.DeadStores): its way of looping
    audit.TokenIssued(principals[i], "192.0.2.101:50123", "default", "01HV0000000000000000000000");
    i = i + 1 == callers ? 0 : i + 1;
  }
}
BENCHMARK(TokenIssuedAgain)->Arg(1)->Arg(1000)->Arg(100000);
BENCHMARK(TokenIssuedAgain)->Arg(1)->Arg(1000)->Threads(2);

void LevelLeftOut(benchmark::State& state) {
  Logger log({}, SystemClock(), [](std::string_view) {});
  for (auto _ : state) {  // NOLINT(clang-analyzer-deadcode.DeadStores): its way of looping
    log.Debug("call", {{"principal", "p"}, {"took_seconds", absl::Seconds(1)}});
  }
}
BENCHMARK(LevelLeftOut);

void Line(benchmark::State& state) {
  Logger log({state.range(0) == 0 ? LogOptions{} : LogOptions{LogLevel::kInfo, LogFormat::kText}},
             SystemClock(), [](std::string_view line) { benchmark::DoNotOptimize(line); });
  for (auto _ : state) {  // NOLINT(clang-analyzer-deadcode.DeadStores): its way of looping
    log.Info("token_obtained", {{"credential", "default"},
                                {"version", "01HV0000000000000000000000"},
                                {"lifetime_seconds", absl::Seconds(300)}});
  }
}
BENCHMARK(Line)->Arg(0)->Arg(1);

// The same, written to a file by LogWriter's thread.
void LineToAFile(benchmark::State& state) {
  static const int file = open("/dev/null", O_WRONLY | O_CLOEXEC);
  static LogWriter& writer = **(*new auto(LogWriter::Start(
      file, [](std::uint64_t) { return std::string(); }, SystemClock())));
  static Logger log({}, SystemClock(), [](std::string_view line) { writer.Write(line); });
  for (auto _ : state) {  // NOLINT(clang-analyzer-deadcode.DeadStores): its way of looping
    log.Info("token_obtained", {{"credential", "default"},
                                {"version", "01HV0000000000000000000000"},
                                {"lifetime_seconds", absl::Seconds(300)}});
  }
}
BENCHMARK(LineToAFile)->Threads(1)->Threads(2);

}  // namespace
}  // namespace credential_broker::observe

BENCHMARK_MAIN();
