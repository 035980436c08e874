#include "http/server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <iterator>
#include <list>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "http/connection.h"

namespace credential_broker::http {
namespace {

// How long nothing is accepted when descriptors or memory have run out.
constexpr absl::Duration kPause = absl::Milliseconds(100);

class PollServer final : public Server {
 public:
  PollServer(int listener, Pages pages, const Clock& clock, ServerLimits limits)
      : listener_(listener),
        wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
        site_{std::move(pages), AllowedHosts::For(listener)},
        clock_(clock),
        limits_(limits) {}

  ~PollServer() override {
    Stop();
    if (listener_ >= 0) {
      close(listener_);
    }
    if (wake_ >= 0) {
      close(wake_);
    }
  }
  PollServer(const PollServer&) = delete;
  PollServer& operator=(const PollServer&) = delete;

  absl::Status Begin() {
    if (wake_ < 0) {
      return absl::ResourceExhaustedError(
          "no descriptor can be had for the http listener; raise the limit of open files");
    }
    try {
      thread_ = std::thread([this] { Run(); });
    } catch (const std::system_error&) {
      return absl::ResourceExhaustedError(
          "no thread can be started for the http listener; raise the limit of processes or of "
          "memory");
    }
    pthread_setname_np(thread_.native_handle(), "http");
    return absl::OkStatus();
  }

  void Stop() override {
    if (thread_.joinable()) {
      stopping_ = true;
      eventfd_write(wake_, 1);
      thread_.join();
      // With it goes who was not accepted yet.
      close(std::exchange(listener_, -1));
    }
  }

 private:
  void Run() {
    std::vector<pollfd> polled;
    while (!stopping_) {
      const BootTime now = clock_.Now();
      connections_.remove_if([now](const Connection& c) { return c.deadline() <= now; });
      const bool accepting = now >= accept_from_;
      polled.assign({{wake_, POLLIN, 0}, {accepting ? listener_ : -1, POLLIN, 0}});
      for (const Connection& connection : connections_) {
        polled.push_back({connection.socket(), connection.events(), 0});
      }
      if (poll(polled.data(), polled.size(), MillisecondsToWait(now)) < 0) {
        continue;  // a signal
      }
      auto ready = polled.begin() + 2;
      for (auto it = connections_.begin(); it != connections_.end(); ++ready) {
        const bool over = ready->revents != 0 && !it->Proceed(site_);
        it = over ? connections_.erase(it) : std::next(it);
      }
      if (polled[1].revents != 0) {
        Accept();
      }
    }
    connections_.clear();
  }

  // To the next deadline.
  int MillisecondsToWait(BootTime now) const {
    // The oldest stands first.
    BootTime next =
        connections_.empty() ? BootTime::InfiniteFuture() : connections_.front().deadline();
    if (accept_from_ > now) {
      next = std::min(next, accept_from_);
    }
    if (next == BootTime::InfiniteFuture()) {
      return -1;
    }
    return static_cast<int>(absl::ToInt64Milliseconds(next - now)) + 1;
  }

  void Accept() {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket >= 0) {
      if (connections_.size() >= limits_.max_connections) {
        connections_.pop_front();
      }
      connections_.emplace_back(socket, clock_.Now() + limits_.request_timeout);
      return;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      if (!connections_.empty()) {
        connections_.pop_front();
      }
      accept_from_ = clock_.Now() + kPause;
    }
  }

  int listener_;
  const int wake_;
  const Site site_;
  const Clock& clock_;
  const ServerLimits limits_;
  std::atomic<bool> stopping_{false};

  // Of the thread.
  std::list<Connection> connections_;
  BootTime accept_from_ = BootTime::InfinitePast();

  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(int listener, Pages pages, const Clock& clock,
                                                      ServerLimits limits) {
  auto server = std::make_unique<PollServer>(listener, std::move(pages), clock, limits);
  if (absl::Status begun = server->Begin(); !begun.ok()) {
    return begun;
  }
  return server;
}

}  // namespace credential_broker::http
