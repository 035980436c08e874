#include "h2/acceptor.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace credential_broker::h2 {
namespace {

constexpr double kPauseSeconds = 0.1;
// In one go, before the connections that are there have their turn.
constexpr int kAcceptsPerTurn = 16;
constexpr int kQueueAtMost = 65536;
// Descriptors that are left alone; of a small limit, a quarter of it.
constexpr rlim_t kSpared = 64;

}  // namespace

Acceptor::Acceptor(EvLoop& loop, UniqueFd listener, Counters& counters, Callback on_accept)
    : loop_(loop),
      listener_(std::move(listener)),
      counters_(counters),
      on_accept_(std::move(on_accept)) {
  ev_io_init(
      &watcher_,
      [](struct ev_loop*, ev_io* watcher, int) {
        auto& self = *static_cast<Acceptor*>(watcher->data);
        for (int i = 0; i < kAcceptsPerTurn && self.AcceptOne(); ++i) {
        }
      },
      listener_.get(), EV_READ);
  watcher_.data = this;
  // After the events of open connections.
  ev_set_priority(&watcher_, EV_MINPRI);
  ev_timer_init(
      &resume_,
      [](struct ev_loop* l, ev_timer* timer, int) {
        ev_io_start(l, &static_cast<Acceptor*>(timer->data)->watcher_);
      },
      kPauseSeconds, 0.);
  resume_.data = this;
  ev_io_start(loop_.raw(), &watcher_);
}

Acceptor::~Acceptor() {
  ev_io_stop(loop_.raw(), &watcher_);
  ev_timer_stop(loop_.raw(), &resume_);
}

void Acceptor::AcceptAll() {
  for (int i = 0; i < kQueueAtMost && AcceptOne(); ++i) {
  }
}

bool Acceptor::AcceptOne() {
  if (!HasDescriptor()) {
    Pause();
    return false;
  }
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  UniqueFd socket(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket) {
    on_accept_(std::move(socket), address);
    return true;
  }
  switch (errno) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      Pause();
      return false;
    default:
      // One connection that broke before it was taken (accept(2) names a dozen ways): on to the
      // next.
      return true;
  }
}

bool Acceptor::HasDescriptor() const {
  rlimit limit{};
  // The lowest number that is free, which is what the next descriptor gets.
  UniqueFd probe(::fcntl(listener_.get(), F_DUPFD_CLOEXEC, 0));
  if (!probe || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return false;
  }
  rlim_t spared = std::min(kSpared, limit.rlim_cur / 4);
  return static_cast<rlim_t>(probe.get()) < limit.rlim_cur - spared;
}

void Acceptor::Pause() {
  counters_.accept_pauses.Add();
  ev_io_stop(loop_.raw(), &watcher_);
  ev_timer_set(&resume_, kPauseSeconds, 0.);
  ev_timer_start(loop_.raw(), &resume_);
}

}  // namespace credential_broker::h2
