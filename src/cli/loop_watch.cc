#include "cli/loop_watch.h"

#include "base/strings.h"

namespace credential_broker::cli {

void LoopWatch::Add(const std::string& name, const std::vector<std::shared_ptr<EventLoop>>& loops) {
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < loops.size(); ++i) {
    watched_.push_back(
        {StrCat(name, " ", i), loops[i], std::make_shared<std::atomic<bool>>(true), clock_.Now()});
  }
}

void LoopWatch::Ask() {
  const MutexLock lock(mutex_);
  for (Watched& watched : watched_) {
    if (watched.answered->exchange(false)) {
      watched.asked_at = clock_.Now();
      watched.loop->Post([answered = watched.answered] { answered->store(true); });
    }
  }
}

std::vector<std::string> LoopWatch::Stuck() const {
  const MutexLock lock(mutex_);
  std::vector<std::string> stuck;
  for (const Watched& watched : watched_) {
    const absl::Duration waited = clock_.Now() - watched.asked_at;
    if (!watched.answered->load() && waited >= kPatience) {
      stuck.push_back(StrCat(watched.name, " (", absl::ToInt64Seconds(waited), "s)"));
    }
  }
  return stuck;
}

}  // namespace credential_broker::cli
