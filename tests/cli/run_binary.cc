#include "cli/run_binary.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string_view>

namespace credential_broker::cli {
namespace {

std::vector<std::string> MakeEnvironment(const Environment& more) {
  constexpr std::string_view kAsanOptions = "ASAN_OPTIONS=";
  std::string asan_options(kAsanOptions);
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (text.starts_with(kAsanOptions)) {
      asan_options = text;
    } else if (!text.starts_with("CREDENTIAL_BROKER_") && !text.starts_with("GRPC_")) {
      result.emplace_back(text);
    }
  }
  // LeakSanitizer traces its own process, which PR_SET_DUMPABLE 0 forbids to all but root.
  result.push_back(asan_options + (geteuid() == 0 ? "" : ":detect_leaks=0"));
  for (const auto& [name, value] : more) {
    result.emplace_back(name).append("=").append(value);
  }
  return result;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Reads both to their ends.
void Drain(int out, int err, Outcome& outcome) {
  std::array<pollfd, 2> fds = {{{out, POLLIN, 0}, {err, POLLIN, 0}}};
  std::array<std::string*, 2> texts = {&outcome.out, &outcome.err};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    poll(fds.data(), fds.size(), -1);
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) {
        continue;
      }
      std::array<char, 4096> buffer{};
      const ssize_t got = read(fds[i].fd, buffer.data(), buffer.size());
      if (got > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(got));
      } else {
        close(fds[i].fd);
        fds[i].fd = -1;
      }
    }
  }
}

}  // namespace

Outcome RunProgram(const std::string& program, const std::vector<std::string>& arguments,
                   const Environment& environment) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0) {
    return {.err = "pipe2 failed"};
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = MakeEnvironment(environment);
  pid_t pid = 0;
  const int error = posix_spawnp(&pid, program.c_str(), &actions, nullptr, Pointers(words).data(),
                                 Pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  Outcome outcome;
  Drain(out[0], err[0], outcome);
  if (error != 0) {
    outcome.err = "cannot start " + program;
    return outcome;
  }
  int status = 0;
  waitpid(pid, &status, 0);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

// NOLINTNEXTLINE(modernize-use-string-view): it is a program's argument, and they are strings
std::string Binary() { return CREDENTIAL_BROKER_BINARY; }

Outcome RunBinary(const std::vector<std::string>& arguments, const Environment& environment) {
  return RunProgram(Binary(), arguments, environment);
}

Outcome RunRedirected(const std::vector<std::string>& arguments, const std::string& redirection) {
  std::vector<std::string> words = {"-c", "\"$0\" \"$@\" " + redirection, Binary()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return RunProgram("bash", words);
}

}  // namespace credential_broker::cli
