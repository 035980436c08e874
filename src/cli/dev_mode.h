#ifndef CREDENTIAL_BROKER_CLI_DEV_MODE_H_
#define CREDENTIAL_BROKER_CLI_DEV_MODE_H_

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "config/broker_config.h"
#include "sandbox/server.h"

namespace credential_broker::cli {

// What `serve --dev` stands on: the sandbox in this process as upstream, over HTTPS, and a
// configuration that lets everybody on this machine have its token. The few files that it needs lie
// in a folder of their own under TMPDIR, gone when this object is.
class DevMode {
 public:
  static constexpr const char* kDefaultListen = "127.0.0.1:8443";
  static constexpr const char* kDefaultHttpListen = "127.0.0.1:9090";

  // The addresses have to be on loopback or unix sockets; any other is refused, since whoever
  // reaches them gets the token, or reads who else does. Without `http_listen` a taken default is
  // no error: people look at the pages, and something else may well live there.
  static absl::StatusOr<std::unique_ptr<DevMode>> Start(
      const std::string& listen, const std::optional<std::string>& http_listen);
  ~DevMode();
  DevMode(const DevMode&) = delete;
  DevMode& operator=(const DevMode&) = delete;

  const config::BrokerConfig& config() const { return config_; }
  const std::string& sandbox_url() const { return sandbox_->base_url(); }
  std::string ca_file() const { return folder_ / "ca.pem"; }

 private:
  explicit DevMode(std::filesystem::path folder) : folder_(std::move(folder)) {}
  absl::Status WriteFiles(const sandbox::SandboxKeys& keys) const;

  const std::filesystem::path folder_;
  std::unique_ptr<sandbox::SandboxServer> sandbox_;
  config::BrokerConfig config_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_DEV_MODE_H_
