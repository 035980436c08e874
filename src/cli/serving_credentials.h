#ifndef CREDENTIAL_BROKER_CLI_SERVING_CREDENTIALS_H_
#define CREDENTIAL_BROKER_CLI_SERVING_CREDENTIALS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/config_change.h"
#include "config/broker_config.h"
#include "core/credential.h"
#include "core/credential_runner.h"

namespace credential_broker::cli {

// The credentials of a configuration, each kept by a thread of its own.
//
// What becomes of one when the configuration changes:
//   it is new                     it is started
//   its name is gone              it is stopped
//   base_url or its login files   it is another account's: stopped, and a new one started. Its old
//     differ                      token is not served under the new identity
//   anything else differs         it goes on with its token and session; the next attempt goes by
//                                 the new ca_file and times, the next token by the new refresh_at
//   nothing differs               it is not touched
//
// Not thread-safe, but its credentials are.
class ServingCredentials {
 private:
  struct Kept {
    config::CredentialConfig config;
    std::shared_ptr<CredentialRunner> runner;
  };
  using All = std::map<std::string, Kept, std::less<>>;

 public:
  // A step from one configuration to another, made ready. Destroyed without Commit it leaves no
  // trace, and nothing has been sent upstream.
  class Change {
   public:
    const ConfigChange& names() const { return names_; }
    bool empty() const {
      return names_.added.empty() && names_.changed.empty() && names_.removed.empty();
    }
    // Those that are served from Commit on.
    std::map<std::string, std::shared_ptr<Credential>, std::less<>> credentials() const;

   private:
    friend class ServingCredentials;

    All after_;
    ConfigChange names_;
    std::vector<std::string> begin_;        // names in after_
    std::vector<std::string> reconfigure_;  // likewise
  };

  // `observer` outlives this object.
  explicit ServingCredentials(CredentialObserver& observer) : observer_(observer) {}
  ~ServingCredentials() { Stop(); }
  ServingCredentials(const ServingCredentials&) = delete;
  ServingCredentials& operator=(const ServingCredentials&) = delete;

  // RESOURCE_EXHAUSTED: the kernel has no thread for a new credential.
  absl::StatusOr<Change> Prepare(const std::vector<config::CredentialConfig>& configs);

  // Stops what goes, answering its waiting calls, and then logs in with what comes.
  void Commit(Change change);

  // `files` hold something else now: a refused key is tried again. Returns the names of the
  // credentials that log in with one of them.
  std::vector<std::string> OnFilesChanged(const std::vector<std::string>& files);

  // Waiting calls are answered, threads joined. Idempotent.
  void Stop();

 private:
  CredentialObserver& observer_;
  All all_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_SERVING_CREDENTIALS_H_
