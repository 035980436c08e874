#include "h2/worker.h"

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <csignal>

#include <random>
#include <string>
#include <utility>

#include "core/random.h"
#include "core/strings.h"
#include "h2/address.h"

namespace credential_broker::h2 {
namespace {

constexpr std::size_t kReadBuffer = 64 * 1024;
constexpr std::size_t kWriteBuffer = 48 * 1024;
// So many connections that are gone are worth some milliseconds.
constexpr std::size_t kCrowd = 256;

Peer PeerOf(int socket, const sockaddr_storage& address) {
  Peer peer;
  peer.address = FormatAddress(address);
  if (address.ss_family == AF_UNIX) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      peer.unix_uid = credentials.uid;
    }
  }
  return peer;
}

}  // namespace

Worker::Worker(WorkerEnvironment& environment, std::shared_ptr<EvLoop> loop, UniqueFd listener)
    : environment_(environment),
      loop_(std::move(loop)),
      loop_environment_{*loop_,
                        {environment.application, environment.limits, environment.session_template,
                         environment.counters, *loop_},
                        std::vector<char>(kReadBuffer),
                        std::string(),
                        std::minstd_rand(SystemRandom().Bits())} {
  loop_environment_.write_buffer.reserve(kWriteBuffer);
  loop_->SetBatchEnd([this] { return EndBatch(); });
  acceptor_.emplace(*loop_, std::move(listener), environment_.counters,
                    [this](UniqueFd socket, const sockaddr_storage& address) {
                      OnAccept(std::move(socket), address);
                    });
}

Worker::~Worker() { Stop(); }

void Worker::Start() {
  // Signals are for the other threads. SIGPIPE, which OpenSSL's writes would raise here, stays
  // pending for good.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_setname_np(thread_.native_handle(), "h2-loop");
}

void Worker::Run() {
  loop_->Run();
  for (auto& connection : connections_) {
    connection->Cut();
  }
  dirty_.clear();
  over_.clear();
  connections_.clear();
  acceptor_.reset();
  loop_->RefuseTasks();
}

void Worker::Drain(absl::Duration grace, std::function<void()> done) {
  loop_->Post([this, grace, done = std::move(done)]() mutable {
    drained_ = std::move(done);
    if (acceptor_.has_value()) {
      acceptor_->AcceptAll();
      acceptor_.reset();
    }
    for (auto& connection : connections_) {
      connection->BeginShutdown(grace);
    }
  });
}

void Worker::Stop() {
  if (thread_.joinable()) {
    loop_->Post([this] { loop_->Break(); });
    thread_.join();
  }
}

void Worker::OnAccept(UniqueFd socket, const sockaddr_storage& address) {
  Peer peer = PeerOf(socket.get(), address);
  std::string counted_as =
      peer.unix_uid.has_value() ? StrCat("unix:uid:", *peer.unix_uid) : FormatHost(address);
  ConnectionLimiter::Permit permit = environment_.limiter.Admit(counted_as);
  if (!permit) {
    return;
  }
  if (address.ss_family != AF_UNIX) {
    int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  }
  SslPtr ssl;
  if (std::shared_ptr<const TlsContext> tls = environment_.tls.Get(); tls != nullptr) {
    ssl = tls->NewConnection();
    if (ssl == nullptr) {
      environment_.counters.tls_failures.Add(peer.address);
      return;
    }
  }
  connections_.push_back(std::make_unique<Connection>(
      loop_environment_, *this,
      Connection::Accepted{std::move(socket), std::move(ssl), std::move(peer), std::move(permit)}));
  connections_.back()->place = connections_.size() - 1;
  connections_.back()->Start();
}

bool Worker::EndBatch() {
  flushing_.swap(dirty_);
  for (Connection* connection : flushing_) {
    connection->Flush();
  }
  flushing_.clear();
  DestroyOver();
  if (drained_ != nullptr && connections_.empty()) {
    std::exchange(drained_, nullptr)();
  }
  return !dirty_.empty();
}

void Worker::DestroyOver() {
  // Destroying one runs handlers' destructors, which may make others dirty but end none.
  for (Connection* connection : over_) {
    std::size_t place = connection->place;
    if (place + 1 != connections_.size()) {
      connections_[place].swap(connections_.back());
      connections_[place]->place = place;
    }
    connections_.pop_back();
  }
  gone_ += over_.size();
  over_.clear();
  if (gone_ >= kCrowd && connections_.size() < gone_ / 2) {
    TrimMemory();
  }
}

void Worker::TrimMemory() {
  gone_ = 0;
  ::malloc_trim(0);
}

}  // namespace credential_broker::h2
