#include <memory>
#include <string>

#include "base/clock.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "cli/crl_watch.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/tls_files.h"
#include "config/load_config.h"
#include "h2/tls_identity.h"

namespace credential_broker::cli {
namespace {

// Reads the files of server.tls and checks them as serve does.
absl::Status CheckFiles(const config::BrokerConfig& config) {
  if (!config.server.has_tls) {
    return absl::OkStatus();
  }
  const config::TlsFiles& files = config.server.tls;
  const absl::StatusOr<h2::TlsIdentity> identity = ReadTlsFiles(files);
  if (!identity.ok()) {
    return identity.status();
  }
  const absl::StatusOr<h2::ClientTrustReport> report = h2::CheckIdentity(*identity);
  if (!report.ok()) {
    return WithNamesOf(files, report.status());
  }
  for (const std::string& authority : report->authorities_without_crl) {
    PrintNote(StrCat("warning: server.tls.crl_file: ", files.crl_file, " has no CRL of the CA ",
                     authority, "; its certificates are not checked for revocation"));
  }
  for (const std::string& issuer : report->superseded_crls) {
    PrintNote(StrCat("warning: server.tls.crl_file: ", files.crl_file, " has several CRLs of ",
                     issuer, "; only the newest is used"));
  }
  for (const auto& [issuer, crl] : report->crls) {
    const CrlAge age = CrlAgeAt(crl, SystemClock().WallNow());
    if (age != CrlAge::kFresh) {
      PrintNote(StrCat("warning: server.tls.crl_file: ", files.crl_file, ": the CRL of ", issuer,
                       age == CrlAge::kExpired ? " expired at " : " expires at ",
                       absl::FormatTime(crl.expires_at, absl::UTCTimeZone()),
                       "; new connections with certificates of this CA are rejected from then on; "
                       "publish a new CRL"));
    }
  }
  return absl::OkStatus();
}

int RunCheckConfig(const std::string& path, bool no_files) {
  const auto config = config::LoadConfig(path, {}, config::ProcessEnvironment());
  if (!config.ok()) {
    return FailLocally(config.status());
  }
  if (config->kubernetes_callers.has_value() && config->kubernetes_callers->allow_plaintext &&
      !config->server.has_tls) {
    PrintNote(StrCat(path, ": kubernetes_callers.allow_plaintext: bearer tokens are accepted on ",
                     config->server.listen, " without TLS"));
  }
  if (config->credentials.empty()) {
    PrintNote(StrCat(
        "warning: credentials: the list is empty; a broker with this configuration is ready, "
        "and has no token for any caller"));
  }
  if (absl::Status files = no_files ? absl::OkStatus() : CheckFiles(*config); !files.ok()) {
    return FailLocally(files);
  }
  PrintNote(StrCat(path, ": OK"));
  return kExitOk;
}

}  // namespace

void AddCheckConfig(Command& root) {
  auto path = std::make_shared<std::string>();
  auto no_files = std::make_shared<bool>(false);
  Command& command = root.Add("check-config", "Checks a configuration file");
  command.details =
      "Tells every mistake at once, each with file, line, key and the mend, and exits with 1;\n"
      "0 when there is none. The environment (CREDENTIAL_BROKER_LISTEN and so on) counts as it\n"
      "does for serve. The files of server.tls are read and checked too. No address is listened\n"
      "to and no server asked.";
  command.examples = {"credential-broker check-config /etc/credential-broker/config.yaml"};
  command.positionals.push_back(
      {.name = "FILE", .help = "the configuration", .is_file = true, .assign = Into(*path)});
  command.options = {
      {.names = "--no-files",
       .help = "do not read the files that the configuration names",
       .assign = Into(*no_files)},
  };
  command.run = [path, no_files] { return RunCheckConfig(*path, *no_files); };
}

}  // namespace credential_broker::cli
