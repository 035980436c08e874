#ifndef CREDENTIAL_BROKER_CLI_SERVING_CREDENTIALS_H_
#define CREDENTIAL_BROKER_CLI_SERVING_CREDENTIALS_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "config/broker_config.h"
#include "config/file_watcher.h"
#include "core/credential_runner.h"
#include "core/credential_set.h"

namespace credential_broker::cli {

// The credentials of a configuration, each kept by a thread of its own, and the watch over their
// key files.
class ServingCredentials {
 public:
  // `observer` outlives this object. Nothing is sent upstream before Begin.
  ServingCredentials(const std::vector<config::CredentialConfig>& configs,
                     CredentialObserver& observer);
  ~ServingCredentials();
  ServingCredentials(const ServingCredentials&) = delete;
  ServingCredentials& operator=(const ServingCredentials&) = delete;

  // The first logins, and a refused key is tried again when its files change. Fails where the
  // kernel has no more threads or descriptors.
  absl::Status Begin();

  // Waiting calls are answered, threads joined. Idempotent.
  void Stop();

  std::map<std::string, std::shared_ptr<Credential>, std::less<>> credentials() const;

 private:
  using Runner = std::shared_ptr<CredentialRunner>;

  std::map<std::string, Runner, std::less<>> runners_;
  std::map<std::string, std::vector<Runner>> by_key_file_;
  std::unique_ptr<config::FileWatcher> watcher_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_SERVING_CREDENTIALS_H_
