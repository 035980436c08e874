#include "sandbox/connections.h"

#include <pthread.h>

#include <csignal>
#include <iterator>
#include <system_error>
#include <utility>

namespace credential_broker::sandbox {
namespace {

// OpenSSL writes to sockets without MSG_NOSIGNAL.
void BlockSigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

bool Connections::Add(UniqueFd socket) {
  JoinEnded();
  const MutexLock lock(mutex_);
  if (open_.size() >= kMost) {
    return false;
  }
  Open& open = open_.emplace_back();
  open.connection.emplace(context_, std::move(socket));
  try {
    open.thread = std::thread([this, &open] { Run(open); });
  } catch (const std::system_error&) {
    open_.pop_back();
    return false;
  }
  return true;
}

void Connections::Run(Open& open) {
  BlockSigpipe();
  serve_(*open.connection);
  const MutexLock lock(mutex_);
  open.connection.reset();
}

void Connections::JoinEnded() {
  std::list<Open> ended;
  {
    const MutexLock lock(mutex_);
    for (auto open = open_.begin(); open != open_.end();) {
      const auto next = std::next(open);
      if (!open->connection.has_value()) {
        ended.splice(ended.end(), open_, open);
      }
      open = next;
    }
  }
  for (Open& open : ended) {
    open.thread.join();
  }
}

void Connections::CutIdle() {
  const MutexLock lock(mutex_);
  for (const Open& open : open_) {
    if (open.connection.has_value() && open.connection->idle()) {
      open.connection->Abort();
    }
  }
}

void Connections::Stop() {
  {
    const MutexLock lock(mutex_);
    for (const Open& open : open_) {
      if (open.connection.has_value()) {
        open.connection->Abort();
      }
    }
  }
  while (true) {
    std::thread* thread = nullptr;
    {
      const MutexLock lock(mutex_);
      if (open_.empty()) {
        return;
      }
      thread = &open_.front().thread;
    }
    thread->join();
    const MutexLock lock(mutex_);
    open_.pop_front();
  }
}

}  // namespace credential_broker::sandbox
