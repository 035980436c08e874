#ifndef CREDENTIAL_BROKER_H2_IO_WATCHER_H_
#define CREDENTIAL_BROKER_H2_IO_WATCHER_H_

#include <ev.h>

#include <utility>

#include "absl/functional/any_invocable.h"
#include "h2/ev_loop.h"

namespace credential_broker::h2 {

// Calls a function when a descriptor can be read or written. Destroying it ends that: an event that
// the loop has already taken from the system is not delivered either. On the loop's thread.
class IoWatcher {
 public:
  // `fd` stays open, and `loop` alive, for as long as the watcher is. Watches nothing until Watch.
  // `on_events` gets EV_READ, EV_WRITE or both.
  IoWatcher(EvLoop& loop, int fd, absl::AnyInvocable<void(int events)> on_events)
      : loop_(loop), on_events_(std::move(on_events)) {
    ev_io_init(&watcher_, &IoWatcher::OnEvents, fd, EV_NONE);
    watcher_.data = this;
  }
  IoWatcher(const IoWatcher&) = delete;
  IoWatcher& operator=(const IoWatcher&) = delete;
  ~IoWatcher() { Stop(); }

  // Watches for `events` and for nothing else.
  void Watch(int events) {
    if (ev_is_active(&watcher_) && (watcher_.events & (EV_READ | EV_WRITE)) == events) {
      return;
    }
    Stop();
    ev_io_set(&watcher_, watcher_.fd, events);
    ev_io_start(loop_.raw(), &watcher_);
  }
  void Stop() { ev_io_stop(loop_.raw(), &watcher_); }

 private:
  static void OnEvents(struct ev_loop*, ev_io* watcher, int events) {
    static_cast<IoWatcher*>(watcher->data)->on_events_(events);
  }

  EvLoop& loop_;
  absl::AnyInvocable<void(int events)> on_events_;
  ev_io watcher_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_IO_WATCHER_H_
