#ifndef CREDENTIAL_BROKER_CLI_LOOP_WATCH_H_
#define CREDENTIAL_BROKER_CLI_LOOP_WATCH_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/event_loop.h"
#include "base/mutex.h"

namespace credential_broker::cli {

// Whether the event loops still run what is posted to them: one that hangs in a call serves nobody,
// while the process seems to live. Nobody waits for a loop here. Thread-safe.
class LoopWatch {
 public:
  // A loop that has not run a task for so long is stuck.
  static constexpr absl::Duration kPatience = absl::Seconds(10);

  // `clock` outlives this object.
  explicit LoopWatch(const Clock& clock) : clock_(clock) {}

  // `name`: of the listener.
  void Add(const std::string& name, const std::vector<std::shared_ptr<EventLoop>>& loops);

  // Posts a task to each loop that has run the one before. To be called every few seconds.
  void Ask();

  // Loops that are stuck, for people: "grpc 1 (17s)". Empty: all answer.
  std::vector<std::string> Stuck() const;

 private:
  struct Watched {
    std::string name;
    std::shared_ptr<EventLoop> loop;
    std::shared_ptr<std::atomic<bool>> answered;
    BootTime asked_at;
  };

  const Clock& clock_;
  mutable Mutex mutex_;
  std::vector<Watched> watched_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_LOOP_WATCH_H_
