#include "cli/ticker.h"

#include <system_error>

namespace credential_broker::cli {

absl::Status Ticker::Start() {
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    return absl::ResourceExhaustedError(
        "no thread can be started; raise the limit of processes or of memory");
  }
  return absl::OkStatus();
}

void Ticker::Stop() {
  if (!thread_.joinable()) {
    return;
  }
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    stopped_.notify_all();
  }
  thread_.join();
}

void Ticker::Run() {
  for (bool stopping = false; !stopping;) {
    const BootTime next = clock_.Now() + period_;
    {
      const MutexLock lock(mutex_);
      while (!stopping_ && clock_.Now() < next) {
        clock_.WaitUntil(mutex_, stopped_, next);
      }
      stopping = stopping_;
    }
    task_();
  }
}

}  // namespace credential_broker::cli
