#include "cli/reload_inbox.h"

#include <utility>

namespace credential_broker::cli {

void ReloadInbox::Stop() {
  MutexLock lock(mutex_);
  mail_.stop = true;
  came_.notify_one();
}

void ReloadInbox::Ask() {
  MutexLock lock(mutex_);
  mail_.asked = true;
  came_.notify_one();
}

void ReloadInbox::FilesChanged(const std::vector<std::string>& files) {
  MutexLock lock(mutex_);
  mail_.changed.insert(mail_.changed.end(), files.begin(), files.end());
  came_.notify_one();
}

ReloadInbox::Mail ReloadInbox::Take(BootTime deadline) {
  MutexLock lock(mutex_);
  while (mail_.empty() && clock_.Now() < deadline) {
    clock_.WaitUntil(mutex_, came_, deadline);
  }
  return std::exchange(mail_, Mail{});
}

}  // namespace credential_broker::cli
