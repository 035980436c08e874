#include <memory>

#include "base/strings.h"
#include "cli/broker_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/hardening.h"
#include "cli/output.h"

namespace credential_broker::cli {
namespace {

struct HealthOptions {
  ConnectionOptions connection = {.timeout = absl::Seconds(1)};
  std::string service = "investsuite.credentialbroker.v1.CredentialBrokerService";
};

int RunHealth(const HealthOptions& options) {
  // A probe may carry a bearer token.
  if (absl::Status status = GuardSecrets(); !status.ok()) {
    return FailLocally(status);
  }
  auto client = BrokerClient::Create(options.connection);
  if (!client.ok()) {
    return FailLocally(client.status());
  }
  const RpcResult<std::string> result = (*client)->CheckHealth(options.service);
  if (const auto* error = std::get_if<RpcError>(&result)) {
    return Fail(*error, options.connection.address.value);
  }
  const auto& state = std::get<std::string>(result);
  if (state != "SERVING") {
    PrintError(StrCat(state, ": ", options.connection.address.value));
    return kExitBrokerError;
  }
  return Print(StrCat(state, "\n"));
}

}  // namespace

void AddHealth(Command& root) {
  auto options = std::make_shared<HealthOptions>();
  Command& command = root.Add("health", "Asks a broker for its health; for probes");
  command.details =
      "Exits with 0 when the broker reports SERVING. It does so once the first attempt of every\n"
      "credential has ended and one credential has a usable token, or if there are no\n"
      "credentials; and from then on until it shuts down, whatever InvestSuite does.\n"
      "Exits with 2 when the broker reports anything else or cannot be reached, and with 4 when\n"
      "it does not accept the caller.";
  command.examples = {
      "# Ready for callers? For a readiness probe",
      "credential-broker health --address unix:/run/credential-broker.sock", "",
      "# Does the process live? For a liveness probe: does not depend on InvestSuite",
      "credential-broker health --service '' --timeout 500ms --plaintext"};
  command.options.push_back(
      {.names = "--service",
       .value_name = "NAME",
       .help = "service to ask for; '' is the process itself; default " + options->service,
       .assign = Into(options->service)});
  AddConnectionOptions(command, options->connection);
  command.run = [options] { return RunHealth(*options); };
}

}  // namespace credential_broker::cli
