#include <memory>
#include <string>

#include "absl/status/status.h"
#include "cli/commands.h"
#include "cli/dev_mode.h"

namespace credential_broker::cli {
namespace {

constexpr char kNoSandbox[] =
    "this build of credential-broker has no sandbox; use a build with "
    "CREDENTIAL_BROKER_SANDBOX=ON, or the container image credential-broker-sandbox";

}  // namespace

const bool kHasSandbox = false;

void AddSandbox(Command& root) {
  Command& command = root.Add("sandbox", "A stand-in for InvestSuite's API; not in this build");
  command.unavailable = kNoSandbox;
}

absl::StatusOr<std::unique_ptr<DevMode>> DevMode::Start(const std::string&,
                                                        const std::optional<std::string>&) {
  return absl::UnimplementedError(std::string("--dev: ") + kNoSandbox);
}

}  // namespace credential_broker::cli
