#include <memory>
#include <string>

#include "base/clock.h"
#include "cli/broker_client.h"
#include "cli/commands.h"
#include "cli/credential_table.h"
#include "cli/hardening.h"
#include "cli/output.h"

namespace credential_broker::cli {
namespace {

struct ListOptions {
  ConnectionOptions connection;
  std::string format = "table";
};

int RunCredentialsList(const ListOptions& options) {
  if (absl::Status status = GuardSecrets(); !status.ok()) {
    return FailLocally(status);
  }
  auto client = BrokerClient::Create(options.connection);
  if (!client.ok()) {
    return FailLocally(client.status());
  }
  const RpcResult<std::vector<ListedCredential>> result = (*client)->ListCredentials();
  if (const auto* error = std::get_if<RpcError>(&result)) {
    return Fail(*error, options.connection.address.value);
  }
  const auto& credentials = std::get<std::vector<ListedCredential>>(result);
  if (options.format == "json") {
    return Print(CredentialJson(credentials));
  }
  if (credentials.empty()) {
    PrintHint("the broker has no credential that you may use");
  }
  return Print(CredentialTable(credentials, SystemClock().WallNow()));
}

}  // namespace

void AddCredentialsList(Command& root) {
  auto options = std::make_shared<ListOptions>();
  Command* group = root.Find("credentials");
  if (group == nullptr) {
    group = &root.Add("credentials", "Shows the credentials of a broker");
  }
  Command& command = group->Add("list", "Lists the credentials that you may use, without tokens");
  command.examples = {"credential-broker credentials list --plaintext", "",
                      "# The names of those without a usable token",
                      "credential-broker credentials list -o json |",
                      "    jq -r '.credentials[] | select(.version == null) | .name'"};
  command.options.push_back({.names = "-o,--output",
                             .value_name = "FORMAT",
                             .help = "default table",
                             .choices = {"table", "json"},
                             .assign = Into(options->format)});
  AddConnectionOptions(command, options->connection);
  command.run = [options] { return RunCredentialsList(*options); };
}

}  // namespace credential_broker::cli
