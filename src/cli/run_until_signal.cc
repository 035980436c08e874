#include "cli/run_until_signal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

#include "base/unique_fd.h"
#include "cli/exit_code.h"

namespace credential_broker::cli {
namespace {

// True: a signal came; false: the work has ended.
bool AwaitSignal(int signals, int ended) {
  std::array<pollfd, 2> waits = {{{signals, POLLIN, 0}, {ended, POLLIN, 0}}};
  while (poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) {
  }
  return waits[1].revents == 0;
}

}  // namespace

void StopRequest::Make() {
  MutexLock lock(mutex_);
  made_ = true;
  changed_.notify_all();
  if (interrupt_ != nullptr) {
    interrupt_();
  }
}

bool StopRequest::made() const {
  MutexLock lock(mutex_);
  return made_;
}

bool StopRequest::Wait(absl::Duration longest) {
  const BootTime end = clock_.Now() + longest;
  MutexLock lock(mutex_);
  while (!made_ && clock_.Now() < end) {
    clock_.WaitUntil(mutex_, changed_, end);
  }
  return made_;
}

void StopRequest::SetInterrupt(std::function<void()> interrupt) {
  MutexLock lock(mutex_);
  interrupt_ = std::move(interrupt);
  if (made_ && interrupt_ != nullptr) {
    interrupt_();
  }
}

absl::StatusOr<int> RunUntilSignal(const std::function<int(StopRequest&)>& work,
                                   const Clock& clock) {
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stops, nullptr);
  const UniqueFd signals(signalfd(-1, &stops, SFD_CLOEXEC));
  const UniqueFd ended(eventfd(0, EFD_CLOEXEC));
  if (signals.get() < 0 || ended.get() < 0) {
    return absl::ResourceExhaustedError(
        "no descriptor is left to wait for signals; raise the limit of open files (ulimit -n)");
  }
  StopRequest stop(clock);
  int result = kExitOk;
  std::thread worker;
  try {
    worker = std::thread([&] {
      result = work(stop);
      eventfd_write(ended.get(), 1);
    });
  } catch (const std::system_error&) {
    return absl::ResourceExhaustedError(
        "no thread can be started; raise the limit of processes or of memory");
  }
  const bool signalled = AwaitSignal(signals.get(), ended.get());
  if (signalled) {
    stop.Make();
  }
  worker.join();
  return signalled ? kExitOk : result;
}

}  // namespace credential_broker::cli
