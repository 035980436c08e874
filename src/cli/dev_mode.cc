#include "cli/dev_mode.h"

#include <cstdlib>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "config/listen_address.h"
#include "core/clock.h"
#include "core/strings.h"

namespace credential_broker::cli {
namespace {

absl::StatusOr<std::filesystem::path> MakePrivateFolder() {
  std::error_code no_folder;
  std::string path =
      std::filesystem::temp_directory_path(no_folder) / "credential-broker-dev-XXXXXX";
  // Mode 0700.
  if (no_folder || mkdtemp(path.data()) == nullptr) {
    return absl::UnavailableError(StrCat("cannot make the folder ", path, ": ",
                                         std::generic_category().message(errno),
                                         "; point TMPDIR at one that can be written"));
  }
  return path;
}

absl::Status CheckReach(std::string_view flag, const std::string& address, std::string_view why) {
  const absl::StatusOr<config::Reach> reach = config::CheckListenAddress(address);
  if (!reach.ok()) {
    return absl::InvalidArgumentError(StrCat(flag, ": ", ToStd(reach.status().message())));
  }
  if (*reach != config::Reach::kThisMachine) {
    return absl::InvalidArgumentError(StrCat(flag, ": ", address, " is not on loopback, and --dev ",
                                             why,
                                             "; use 127.0.0.1:PORT, or serve --config with TLS"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DevMode>> DevMode::Start(
    const std::string& listen, const std::optional<std::string>& http_listen) {
  config::HttpConfig http;
  http.listen = http_listen.value_or(kDefaultHttpListen);
  http.statusz = true;
  http.any_port_if_taken = !http_listen.has_value();
  absl::Status reach =
      CheckReach("--listen", listen, "gives its token to everybody who reaches it");
  if (reach.ok()) {
    reach = CheckReach("--http-listen", http.listen, "shows its callers to everybody there");
  }
  if (!reach.ok()) {
    return reach;
  }
  absl::StatusOr<std::filesystem::path> folder = MakePrivateFolder();
  if (!folder.ok()) {
    return folder.status();
  }
  std::unique_ptr<DevMode> dev(new DevMode(*std::move(folder)));
  const sandbox::SandboxOptions options;
  absl::StatusOr<std::unique_ptr<sandbox::SandboxServer>> sandbox =
      sandbox::SandboxServer::Start(options, SystemClock());
  if (!sandbox.ok()) {
    return sandbox.status();
  }
  dev->sandbox_ = *std::move(sandbox);
  if (absl::Status status = dev->WriteFiles(options.keys); !status.ok()) {
    return status;
  }

  config::CredentialConfig credential;
  credential.name = "default";
  credential.base_url = dev->sandbox_->base_url();
  credential.ca_file = dev->ca_file();
  credential.login.id_file = dev->folder_ / "access_key_id";
  credential.login.secret_file = dev->folder_ / "secret_access_key";
  const std::vector<PrincipalPattern> everybody = {*PrincipalPattern::Parse("**")};
  credential.allow.push_back({everybody});
  dev->config_.allow_any_credential = everybody;
  dev->config_.credentials.push_back(std::move(credential));
  dev->config_.server.listen = listen;
  dev->config_.http = std::move(http);
  return dev;
}

DevMode::~DevMode() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

absl::Status DevMode::WriteFiles(const sandbox::SandboxKeys& keys) const {
  const std::pair<const char*, const std::string&> files[] = {
      {"ca.pem", sandbox_->ca_pem()},
      {"access_key_id", keys.access_key_id},
      {"secret_access_key", keys.secret_access_key},
  };
  for (const auto& [name, content] : files) {
    std::ofstream file(folder_ / name, std::ios::binary);
    file << content;
    file.close();
    if (!file) {
      return absl::UnavailableError(StrCat("cannot write ", (folder_ / name).string(), ": ",
                                           std::generic_category().message(errno),
                                           "; point TMPDIR at a folder with room"));
    }
  }
  return absl::OkStatus();
}

}  // namespace credential_broker::cli
