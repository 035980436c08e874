#ifndef CREDENTIAL_BROKER_CLI_RELOADER_H_
#define CREDENTIAL_BROKER_CLI_RELOADER_H_

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/config_change.h"
#include "cli/reload_inbox.h"
#include "cli/reload_report.h"
#include "config/broker_config.h"
#include "config/watched_config.h"

namespace credential_broker::cli {

// What a reload acts on. Called by one thread at a time.
class Reloadable {
 public:
  virtual ~Reloadable() = default;

  // Takes `config`, and what the files that it names hold now, whole; or fails and stays in every
  // respect as it was. Of keys that need a restart nothing is taken. The message names the key and
  // the file, and holds no secret.
  virtual absl::StatusOr<ConfigChange> Apply(const config::BrokerConfig& config) = 0;

  // Tells the credentials in force that log in with one of `files`. Returns their names.
  virtual std::vector<std::string> OnFilesChanged(const std::vector<std::string>& files) = 0;
};

// Keeps what runs the same as what the configuration file says, on a thread of its own: whenever
// the inbox has mail, the file is loaded, and applied or refused.
//
// A change that somebody has half written (the certificate is there, its key not yet) is no error:
// what files that changed by themselves say is refused only once they have said it for a second,
// and not again while it stays the same. A SIGHUP says that the change is whole, and asks for an
// answer. What is refused is tried again each minute: some mistakes pass with time, such as a
// certificate that is not valid yet.
class Reloader {
 public:
  // `running` is what `target` runs now, as loaded from `config`. All outlive the reloader.
  Reloader(ReloadInbox& inbox, config::WatchedConfig& config, Reloadable& target,
           ReloadReport& report, config::BrokerConfig running);
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;
  ~Reloader() { Stop(); }

  // RESOURCE_EXHAUSTED: no thread can be had. Once.
  absl::Status Start();

  // Waits for a reload that has begun; none begins after it. Idempotent.
  void Stop();

 private:
  void Run();
  void Handle(const ReloadInbox::Mail& mail);
  absl::Status LoadAndApply(bool asked);

  ReloadInbox& inbox_;
  config::WatchedConfig& config_;
  Reloadable& target_;
  ReloadReport& report_;

  // Of the thread.
  const config::BrokerConfig started_;
  std::string refused_;  // the mistakes that were told last; empty: none since all was well
  BootTime refuse_at_ = BootTime::InfiniteFuture();  // while what files say is wrong
  BootTime retry_at_ = BootTime::InfiniteFuture();   // while what files say is refused

  std::thread thread_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_RELOADER_H_
