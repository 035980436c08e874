#include "cli/dev_mode.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/strings.h"
#include "cli/memory_file.h"
#include "config/listen_address.h"
#include "sandbox/server.h"

namespace credential_broker::cli {
namespace {

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

class SandboxDevMode final : public DevMode {
 public:
  static absl::StatusOr<std::unique_ptr<DevMode>> Start(const std::string& listen,
                                                        config::HttpConfig http) {
    std::unique_ptr<SandboxDevMode> dev(new SandboxDevMode);
    const sandbox::SandboxOptions options;
    absl::StatusOr<std::unique_ptr<sandbox::SandboxServer>> sandbox =
        sandbox::SandboxServer::Start(options, SystemClock());
    if (!sandbox.ok()) {
      return sandbox.status();
    }
    dev->sandbox_ = *std::move(sandbox);
    absl::StatusOr<config::CredentialConfig> credential = dev->MakeCredential(options.keys);
    if (!credential.ok()) {
      return credential.status();
    }
    dev->config_.allow_any_credential = credential->allow.front().principals;
    dev->config_.credentials.push_back(*std::move(credential));
    dev->config_.server.listen = listen;
    // No load balancer sends clients to a developer's broker.
    dev->config_.server.drain_delay = absl::ZeroDuration();
    dev->config_.http = std::move(http);
    return dev;
  }

  const config::BrokerConfig& config() const override { return config_; }
  const std::string& sandbox_url() const override { return sandbox_->base_url(); }
  const std::string& ca_pem() const override { return sandbox_->ca_pem(); }

 private:
  SandboxDevMode() = default;

  absl::StatusOr<config::CredentialConfig> MakeCredential(const sandbox::SandboxKeys& keys) {
    config::CredentialConfig credential;
    credential.name = "default";
    credential.base_url = sandbox_->base_url();
    credential.allow.push_back({{*PrincipalPattern::Parse("**")}});
    const std::pair<std::string&, const std::string&> files[] = {
        {credential.ca_file, sandbox_->ca_pem()},
        {credential.login.id_file, keys.access_key_id},
        {credential.login.secret_file, keys.secret_access_key},
    };
    for (const auto& [path, content] : files) {
      absl::StatusOr<MemoryFile> file = MemoryFile::Make(content);
      if (!file.ok()) {
        return file.status();
      }
      path = file->path();
      files_.push_back(*std::move(file));
    }
    return credential;
  }

  std::vector<MemoryFile> files_;
  std::unique_ptr<sandbox::SandboxServer> sandbox_;
  config::BrokerConfig config_;
};

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
  return SandboxDevMode::Start(listen, std::move(http));
}

}  // namespace credential_broker::cli
