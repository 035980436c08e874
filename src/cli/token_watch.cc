#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "cli/commands.h"
#include "cli/hardening.h"
#include "cli/output.h"
#include "cli/token_follower.h"

namespace credential_broker::cli {
namespace {

struct WatchOptions {
  ConnectionOptions connection;
  std::string credential;
  std::string format;  // empty: not given
  std::string file;    // empty: standard output
};

int RunTokenWatch(const WatchOptions& options) {
  if (!options.file.empty() && !options.format.empty()) {
    return FailLocally(absl::InvalidArgumentError(
        "-o is what standard output gets, and --output-file leaves it empty: give one or the "
        "other"));
  }
  if (absl::Status status = GuardSecrets(); !status.ok()) {
    return FailLocally(status);
  }
  const std::unique_ptr<TokenSink> sink =
      options.file.empty() ? MakeJsonLinesSink() : MakeFileSink(options.file);
  TokenFollower follower(
      [&options] { return TokenStream::Open(options.connection, options.credential); }, *sink,
      SystemClock(), SystemRandom());
  const absl::StatusOr<int> result = RunUntilSignal(
      [&](StopRequest& stop) {
        return follower.Run({options.connection.address.value, options.connection.timeout}, stop);
      },
      SystemClock());
  return result.ok() ? *result : FailLocally(result.status());
}

}  // namespace

void AddTokenWatch(Command& root) {
  auto options = std::make_shared<WatchOptions>();
  Command* group = root.Find("token");
  if (group == nullptr) {
    group = &root.Add("token", "Fetches access tokens from a broker");
  }
  Command& command = group->Add("watch", "Follows an access token, for as long as it runs");
  command.details =
      "A JSON object a line for the state at once, for every new token and for every change of\n"
      "state; one without \"token\" withdraws the token before it.\n"
      "\n"
      "With --output-file FILE the bare token stands in FILE, mode 0600, replaced in one step: a\n"
      "reader sees the old one or the new one, never a part. While there is no token that may be\n"
      "used, there is no FILE: who opens it learns so at once.\n"
      "\n"
      "While the broker cannot be reached it tries again, and the token stays until shortly "
      "before\n"
      "it expires. It ends with 0 at SIGTERM or Ctrl-C, and leaves FILE as it is; with 2 or 4 "
      "when\n"
      "the broker gives an answer that no retry mends, and with 1 at an error of this side, such\n"
      "as a full disk. FILE is removed before it ends with 2 or 4.";
  command.examples = {
      "# For a program that reads a file",
      "credential-broker token watch --output-file /run/app/token --plaintext", "",
      "# The version of each token as it comes",
      "credential-broker token watch | jq --unbuffered -r '.token.version // empty'"};
  command.options.push_back({.names = "-o,--output",
                             .value_name = "FORMAT",
                             .help = "default jsonl",
                             .choices = {"jsonl"},
                             .assign = Into(options->format)});
  command.options.push_back({.names = "--output-file",
                             .value_name = "FILE",
                             .help = "keep the bare token in this file instead",
                             .is_file = true,
                             .assign = Into(options->file)});
  command.options.push_back({.names = "--credential",
                             .value_name = "NAME",
                             .help = "whose token; default: \"default\"",
                             .assign = Into(options->credential)});
  AddConnectionOptions(command, options->connection);
  command.run = [options] { return RunTokenWatch(*options); };
}

}  // namespace credential_broker::cli
