// A random walk through a listener's life, over real sockets: see episode.h.
//
// usage: walk_front [--seed N] [--seconds N] [--seeds FILE] [--episode SEED]
//
// First the episodes whose seeds FILE lists, one a line, then new ones until the time is over, or
// the one of --episode alone. Threads run as they like, so a seed brings back what was tried, not
// the order of it: repeat an episode some times. Ends with a line "N passed, N failed".

#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/clock.h"
#include "walk/episode.h"

// The sanitizers' own name.
// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

namespace credential_broker::walk {
namespace {

struct Flags {
  std::uint64_t seed = std::random_device()();
  int seconds = 60;
  std::string seeds;
  std::optional<std::uint64_t> episode;
};

// For the last words of a process that a sanitizer or a signal ends.
char how_to_repeat[512];
std::size_t how_to_repeat_size = 0;

void SayHowToRepeat() {
  if (::write(STDERR_FILENO, how_to_repeat, how_to_repeat_size) < 0) {
    return;
  }
}

void OnFatalSignal(int number) {
  SayHowToRepeat();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

std::optional<Flags> ReadFlags(const std::vector<std::string>& arguments) {
  Flags flags;
  for (std::size_t i = 0; i + 1 < arguments.size() + 1; i += 2) {
    if (i + 1 >= arguments.size()) {
      return std::nullopt;
    }
    const std::string& value = arguments[i + 1];
    std::uint64_t number = 0;
    if (arguments[i] == "--seeds") {
      flags.seeds = value;
      continue;
    }
    if (!absl::SimpleAtoi(value, &number)) {
      return std::nullopt;
    }
    if (arguments[i] == "--seed") {
      flags.seed = number;
    } else if (arguments[i] == "--seconds") {
      flags.seconds = static_cast<int>(number);
    } else if (arguments[i] == "--episode") {
      flags.episode = number;
    } else {
      return std::nullopt;
    }
  }
  return flags;
}

class Walk {
 public:
  explicit Walk(std::string program) : program_(std::move(program)) {}

  void RunOne(std::uint64_t seed) {
    const int size =
        std::snprintf(how_to_repeat, sizeof(how_to_repeat),
                      "\nTo repeat this episode: %s --episode %llu\n", program_.c_str(),
                      static_cast<unsigned long long>(seed));  // NOLINT
    how_to_repeat_size = static_cast<std::size_t>(size);
    const std::vector<std::string> failures = RunEpisode(seed, totals_);
    for (const std::string& failure : failures) {
      std::fprintf(stderr, "FAILED: %s\n", failure.c_str());
    }
    if (failures.empty()) {
      ++passed_;
    } else {
      ++failed_;
      SayHowToRepeat();
    }
  }

  void RunListed(const std::string& file) {
    std::ifstream in(file);
    std::string line;
    while (std::getline(in, line)) {
      std::uint64_t seed = 0;
      if (absl::SimpleAtoi(line.substr(0, line.find(' ')), &seed)) {
        RunOne(seed);
      }
    }
  }

  void RunFor(int seconds, std::uint64_t seed) {
    const absl::Time end = absl::Now() + absl::Seconds(seconds);
    const absl::Time last = end + absl::Seconds(seconds);
    // One after the other: each combination of transport, protocol and limits in turn. On a machine
    // that is busy with other things the time may be doubled, until everything is reached.
    while (absl::Now() < end || (!NotReached(totals_).empty() && absl::Now() < last)) {
      RunOne(seed++);
    }
    for (const std::string& name : NotReached(totals_)) {
      std::fprintf(stderr, "FAILED: the walk did not reach: %s\n", name.c_str());
      ++failed_;
    }
  }

  int Report() const {
    for (const auto& [name, count] : totals_) {
      std::printf("%12llu %s\n", static_cast<unsigned long long>(count), name.c_str());  // NOLINT
    }
    std::printf("%d passed, %d failed\n", passed_, failed_);
    return failed_ == 0 && passed_ > 0 ? 0 : 1;
  }

 private:
  const std::string program_;
  Totals totals_;
  int passed_ = 0;
  int failed_ = 0;
};

int Main(const std::string& program, const std::vector<std::string>& arguments) {
  const std::optional<Flags> flags = ReadFlags(arguments);
  if (!flags.has_value()) {
    std::fprintf(stderr,
                 "usage: walk_front [--seed N] [--seconds N] [--seeds FILE] [--episode SEED]\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(SayHowToRepeat);
  } else {
    for (int number : {SIGSEGV, SIGABRT, SIGBUS}) {
      std::signal(number, OnFatalSignal);
    }
  }
  Walk walk(program);
  if (flags->episode.has_value()) {
    walk.RunOne(*flags->episode);
    return walk.Report();
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(flags->seed));  // NOLINT
  std::fflush(stdout);
  walk.RunListed(flags->seeds);
  walk.RunFor(flags->seconds, flags->seed);
  return walk.Report();
}

}  // namespace
}  // namespace credential_broker::walk

int main(int count, char** arguments) {
  return credential_broker::walk::Main(arguments[0],
                                       std::vector<std::string>(arguments + 1, arguments + count));
}
