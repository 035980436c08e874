#include "cli/version.h"

#include "base/strings.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace credential_broker::cli {

std::string_view Version() { return CREDENTIAL_BROKER_VERSION; }

void AddVersion(Command& root) {
  Command& command = root.Add("version", "Prints the version of this program");
  command.examples = {"credential-broker version"};
  command.run = [name = root.name] { return Print(StrCat(name, " ", Version(), "\n")); };
}

}  // namespace credential_broker::cli
