#ifndef CREDENTIAL_BROKER_CONFIG_FILE_WATCHER_H_
#define CREDENTIAL_BROKER_CONFIG_FILE_WATCHER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace credential_broker::config {

struct FileWatcherOptions {
  // How long nothing may happen before the files are looked at: the two halves of a key are written
  // one after the other, and should be told as one change. A change is told after at most 20 times
  // this.
  absl::Duration settle = absl::Milliseconds(100);

  // The files are looked at this often even if the kernel tells nothing: network file systems do
  // not tell what another machine wrote, and inotify may be used up.
  absl::Duration recheck = absl::Seconds(30);
};

// Tells when the content of files changed, on a thread of its own.
//
// What is watched is every directory entry on the way to each file, symbolic links included. So an
// atomic replace, Kubernetes' flip of `..data`, a directory that is swapped, and a file that does
// not exist yet are all seen. Files are compared by a hash of what they hold (the first MiB): a
// touch or a rewrite of the same bytes tells nothing. No content is kept.
class FileWatcher {
 public:
  // Given the files of one change, named as they were given to Start or SetFiles. A file that
  // vanished or cannot be read any more has changed too. Runs on the watcher's thread; must not
  // call Stop or destroy the watcher.
  using Callback = std::function<void(const std::vector<std::string>& changed)>;

  virtual ~FileWatcher() = default;

  // Remembers what the files hold now; tells of all that differs later. Fails where the kernel
  // gives no thread or descriptor.
  static absl::StatusOr<std::unique_ptr<FileWatcher>> Start(const std::vector<std::string>& files,
                                                            Callback on_change,
                                                            FileWatcherOptions options = {});

  // Watches `files` from now on in place of those before. Of a file that was watched already no
  // change is lost; of the others what they hold now is remembered. Thread-safe; a callback may
  // call it.
  virtual void SetFiles(const std::vector<std::string>& files) = 0;

  // Joins the thread; no callback runs after it. Idempotent; the destructor calls it. Not
  // thread-safe.
  virtual void Stop() = 0;
};

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_FILE_WATCHER_H_
