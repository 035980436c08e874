#ifndef CREDENTIAL_BROKER_CLI_DEV_MODE_H_
#define CREDENTIAL_BROKER_CLI_DEV_MODE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "config/broker_config.h"

namespace credential_broker::cli {

// What `serve --dev` needs: the sandbox in this process as upstream, over HTTPS, and a
// configuration that authorizes every caller on this machine. The files that the configuration
// names exist in memory only: nothing is left on disk, however the process ends. The sandbox runs
// until the object is destroyed.
class DevMode {
 public:
  static constexpr const char* kDefaultListen = "127.0.0.1:8443";
  static constexpr const char* kDefaultHttpListen = "127.0.0.1:9090";

  // The addresses have to be on loopback or unix sockets; any other is refused, since whoever
  // reaches them gets the token, or reads who else does. Without `http_listen` a taken default is
  // no error: people look at the pages, and something else may well live there. Fails in a build
  // without the sandbox.
  static absl::StatusOr<std::unique_ptr<DevMode>> Start(
      const std::string& listen, const std::optional<std::string>& http_listen);
  virtual ~DevMode() = default;
  DevMode(const DevMode&) = delete;
  DevMode& operator=(const DevMode&) = delete;

  virtual const config::BrokerConfig& config() const = 0;
  virtual const std::string& sandbox_url() const = 0;
  // Of the sandbox's certificate.
  virtual const std::string& ca_pem() const = 0;

 protected:
  DevMode() = default;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_DEV_MODE_H_
