#include <memory>
#include <string>

#include "base/clock.h"
#include "base/strings.h"
#include "cli/broker_client.h"
#include "cli/commands.h"
#include "cli/credential_table.h"
#include "cli/hardening.h"
#include "cli/output.h"
#include "config/scalars.h"

namespace credential_broker::cli {
namespace {

struct RefreshOptions {
  // Long enough for a refresh that fails and the login that follows it.
  ConnectionOptions connection = {.address = {"unix:/run/credential-broker/admin.sock"},
                                  .timeout = absl::Seconds(30)};
  std::string name;
};

int RunCredentialsRefresh(const RefreshOptions& options) {
  if (absl::Status status = GuardSecrets(); !status.ok()) {
    return FailLocally(status);
  }
  auto client = BrokerClient::Create(options.connection);
  if (!client.ok()) {
    return FailLocally(client.status());
  }
  const RpcResult<ListedCredential> result = (*client)->RefreshCredential(options.name);
  if (const auto* error = std::get_if<RpcError>(&result)) {
    return Fail(*error, options.connection.address.value);
  }
  return Print(CredentialTable({std::get<ListedCredential>(result)}, SystemClock().WallNow()));
}

}  // namespace

void AddCredentialsRefresh(Command& root) {
  auto options = std::make_shared<RefreshOptions>();
  Command* group = root.Find("credentials");
  if (group == nullptr) {
    group = &root.Add("credentials", "Shows the credentials of a broker");
  }
  Command& command = group->Add("refresh", "Has the broker obtain a new token of a credential now");
  command.details =
      "For operators: it calls the broker's admin socket, admin.listen of its configuration, "
      "which\n"
      "only the broker's own user and root may open. Sooner than 10 s after the last time the\n"
      "broker refuses. A credential whose key InvestSuite refuses is tried again.";
  command.examples = {"credential-broker credentials refresh default"};
  command.positionals.push_back(
      {.name = "NAME", .help = "the credential", .assign = Into(options->name)});
  command.options.push_back(
      {.names = "--address",
       .value_name = "ADDRESS",
       .help = StrCat("the admin socket; default ", options->connection.address.value),
       .environment = "CREDENTIAL_BROKER_ADMIN_ADDRESS",
       .assign = Into(options->connection.address)});
  command.options.push_back({.names = "--timeout",
                             .value_name = "DURATION",
                             .help = StrCat("longest wait for the new token; default ",
                                            config::DurationText(options->connection.timeout)),
                             .assign = Into(options->connection.timeout)});
  command.run = [options] { return RunCredentialsRefresh(*options); };
}

}  // namespace credential_broker::cli
