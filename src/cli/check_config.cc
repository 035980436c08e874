#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "config/load_config.h"
#include "core/strings.h"

namespace credential_broker::cli {
namespace {

int RunCheckConfig(const std::string& path) {
  const auto config = config::LoadConfig(path, {}, config::ProcessEnvironment());
  if (!config.ok()) {
    return FailLocally(config.status());
  }
  PrintNote(StrCat(path, ": OK"));
  return kExitOk;
}

}  // namespace

void AddCheckConfig(Command& root) {
  auto path = std::make_shared<std::string>();
  Command& command = root.Add("check-config", "Checks a configuration file");
  command.details =
      "Tells every mistake at once, each with file, line, key and the mend, and exits with 1;\n"
      "0 when there is none. The environment (CREDENTIAL_BROKER_LISTEN and so on) counts as it\n"
      "does for serve. No address is listened to and no server asked.";
  command.examples = {"credential-broker check-config /etc/credential-broker/config.yaml"};
  command.positionals.push_back(
      {.name = "FILE", .help = "the configuration", .is_file = true, .assign = Into(*path)});
  command.run = [path] { return RunCheckConfig(*path); };
}

}  // namespace credential_broker::cli
