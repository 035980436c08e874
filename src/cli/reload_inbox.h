#ifndef CREDENTIAL_BROKER_CLI_RELOAD_INBOX_H_
#define CREDENTIAL_BROKER_CLI_RELOAD_INBOX_H_

#include <condition_variable>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace credential_broker::cli {

// What other threads leave for the one that reloads, and where that thread sleeps. However much
// comes while it works, it is one thing to do when it looks again. Thread-safe.
class ReloadInbox {
 public:
  struct Mail {
    bool stop = false;
    bool asked = false;                // by SIGHUP
    std::vector<std::string> changed;  // files, some of them twice perhaps

    bool empty() const { return !stop && !asked && changed.empty(); }
  };

  explicit ReloadInbox(const Clock& clock) : clock_(clock) {}

  void Stop();
  void Ask();
  void FilesChanged(const std::vector<std::string>& files);

  // What has been left since the last time. Sleeps until something is, or until `deadline`; then it
  // is empty.
  Mail Take(BootTime deadline);

  BootTime Now() const { return clock_.Now(); }

 private:
  const Clock& clock_;
  Mutex mutex_;
  std::condition_variable_any came_;
  Mail mail_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_RELOAD_INBOX_H_
