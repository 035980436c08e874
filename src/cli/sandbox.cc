#include "sandbox/server.h"

#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_split.h"
#include "base/clock.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/token_format.h"
#include "cli/write_file.h"
#include "sandbox/faults.h"

namespace credential_broker::cli {
namespace {

struct SandboxFlags {
  sandbox::SandboxOptions server;
  std::string ca_file;
};

// From here on the two signals wait to be taken, on the threads that are started later too.
sigset_t HoldEndSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// The line that says where it serves, in the form of the broker's log.
std::string ServingLine(const sandbox::SandboxServer& server, const SandboxFlags& flags) {
  std::string line = StrCat(
      "{\"time\":", JsonString(Rfc3339(SystemClock().WallNow())),
      ",\"level\":\"info\",\"event\":\"serving\",\"base_url\":", JsonString(server.base_url()));
  if (!flags.ca_file.empty()) {
    line += ",\"ca_file\":" + JsonString(flags.ca_file);
  }
  return line + "}";
}

// How to log in by hand. Keys that were chosen are not repeated: whoever chose them knows them.
void PrintLoginHint(const sandbox::SandboxServer& server, const SandboxFlags& flags) {
  const sandbox::SandboxKeys known;
  const sandbox::SandboxKeys& keys = flags.server.keys;
  const bool chosen = keys.access_key_id != known.access_key_id ||
                      keys.secret_access_key != known.secret_access_key;
  const std::string id = chosen ? "…" : keys.access_key_id;
  const std::string secret = chosen ? "…" : keys.secret_access_key;
  PrintHint(StrCat("curl ", flags.ca_file.empty() ? "--insecure" : "--cacert " + flags.ca_file,
                   " -d '{\"access_key_id\":\"", id, "\",\"secret_access_key\":\"", secret, "\"}' ",
                   server.base_url(), "/auth/login/"));
}

int RunSandbox(const SandboxFlags& flags) {
  const sigset_t signals = HoldEndSignals();
  const auto server = sandbox::SandboxServer::Start(flags.server, SystemClock());
  if (!server.ok()) {
    return FailLocally(server.status());
  }
  if (!flags.ca_file.empty()) {
    if (absl::Status status = WriteFile(flags.ca_file, (*server)->ca_pem()); !status.ok()) {
      return FailLocally(
          absl::Status(status.code(), StrCat("--ca-out: ", ToStd(status.message()))));
    }
  }
  PrintNote(ServingLine(**server, flags));
  PrintLoginHint(**server, flags);
  int signal = 0;
  sigwait(&signals, &signal);
  (*server)->Stop();
  return kExitOk;
}

void AddFaults(Command& command, sandbox::Faults& faults) {
  for (const sandbox::FaultFlag& flag : sandbox::FaultFlags()) {
    static constexpr const char* kValueNames[] = {"BOOL", "NUMBER", "COUNT", "DURATION", "CHOICE"};
    Option option = {.names = flag.OptionName(),
                     .value_name = kValueNames[static_cast<int>(flag.kind)],
                     .help = StrCat(flag.help, "; default ", flag.default_value),
                     .choices = flag.choices,
                     .group = "Faults, while it runs also by PUT /sandbox/faults",
                     .assign = [&faults, name = flag.name](std::string_view text, Origin) {
                       return sandbox::SetFault(faults, name, text);
                     }};
    if (flag.kind == sandbox::FaultKind::kSwitch) {
      option.choices = {"true", "false"};
    }
    command.options.push_back(std::move(option));
  }
}

Assign IntoNames(std::vector<std::string>& target) {
  return [&target](std::string_view text, Origin) {
    target = absl::StrSplit(ToAbsl(text), ',', absl::SkipEmpty());
    return absl::OkStatus();
  };
}

}  // namespace

const bool kHasSandbox = true;

void AddSandbox(Command& root) {
  auto flags = std::make_shared<SandboxFlags>();
  sandbox::SandboxKeys& keys = flags->server.keys;
  Command& command = root.Add("sandbox", "A stand-in for InvestSuite's API, with faults on demand");
  command.details =
      "Serves /auth/login/, /auth/refresh-token/ and /users/ over HTTPS with a throw-away\n"
      "certificate, until SIGTERM or Ctrl-C. When it is ready it says so on standard error, in\n"
      "one line of JSON with base_url. For tests and for trying things out.";
  command.examples = {
      "credential-broker sandbox --listen 127.0.0.1:9443 --ca-out /tmp/sandbox.pem",
      "",
      "# Short tokens, and InvestSuite is down for the first three logins",
      "credential-broker sandbox --lifetime 20s --login-status 503 --login-status-count 3",
      "",
      "# Another fault while it runs",
      "curl --cacert /tmp/sandbox.pem -X PUT -d '{\"lose_refresh\": 1}' \\",
      "    https://127.0.0.1:9443/sandbox/faults"};
  command.options = {
      {.names = "--listen",
       .value_name = "ADDRESS",
       .help = "host:port or [v6]:port; port 0 takes a free one; default " + flags->server.address,
       .assign = Into(flags->server.address)},
      {.names = "--ca-out",
       .value_name = "FILE",
       .help = "writes the authority of the certificate there, for ca_file and curl --cacert",
       .is_file = true,
       .assign = Into(flags->ca_file)},
      {.names = "--names",
       .value_name = "NAME,...",
       .help = "more names and addresses for the certificate, such as a container's",
       .assign = IntoNames(flags->server.extra_names)},
      {.names = "--access-key-id",
       .value_name = "TEXT",
       .help = "that a login must show; default " + keys.access_key_id,
       .assign = Into(keys.access_key_id)},
      {.names = "--secret-access-key",
       .value_name = "TEXT",
       .help = "likewise; default " + keys.secret_access_key,
       .assign = Into(keys.secret_access_key)},
      {.names = "--username",
       .value_name = "TEXT",
       .help = "of the other way to log in; default " + keys.username,
       .assign = Into(keys.username)},
      {.names = "--password",
       .value_name = "TEXT",
       .help = "likewise; default " + keys.password,
       .assign = Into(keys.password)}};
  AddFaults(command, flags->server.faults);
  command.run = [flags] { return RunSandbox(*flags); };
}

}  // namespace credential_broker::cli
