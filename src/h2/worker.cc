#include "h2/worker.h"

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <csignal>

#include <string>
#include <system_error>
#include <utility>

#include "base/peer_address.h"
#include "base/strings.h"
#include "h2/address.h"

namespace credential_broker::h2 {
namespace {

// What is read of a connection at a time. A byte may stand for a header field (RFC 7541), so that
// this costs up to 0.3 ms of CPU.
constexpr std::size_t kReadBuffer = 2 * 1024;
// How long connections that have sent more may hold up the others of the loop.
constexpr absl::Duration kReadTurn = absl::Milliseconds(2);
constexpr std::size_t kWriteBuffer = 48 * 1024;
// So many connections that are gone are worth the milliseconds that malloc_trim takes: each may
// have held a megabyte.
constexpr std::size_t kCrowd = 32;
// For those that go at the same time. Often enough, and so seldom that no flood of connections
// makes it costly.
constexpr absl::Duration kBeforeTrim = absl::Seconds(2);

// None: a unix socket whose user cannot be determined.
std::optional<Peer> PeerOf(int socket, const sockaddr_storage& address) {
  Peer peer;
  peer.address = FormatAddress(address);
  if (address.ss_family != AF_UNIX) {
    peer.counted_as = CountedAddress(HostOf(peer.address));
    return peer;
  }
  ucred credentials{};
  socklen_t size = sizeof(credentials);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) {
    return std::nullopt;
  }
  peer.unix_uid = credentials.uid;
  peer.counted_as = StrCat("unix:uid:", credentials.uid);
  return peer;
}

}  // namespace

Worker::Worker(WorkerEnvironment& environment, std::shared_ptr<EvLoop> loop, UniqueFd listener)
    : environment_(environment),
      loop_(std::move(loop)),
      loop_environment_{*loop_,
                        {environment.application, environment.limits, environment.session_template,
                         environment.counters, *loop_},
                        environment.tls,
                        environment.clock,
                        std::vector<char>(kReadBuffer),
                        std::string(),
                        environment.random,
                        HandshakeQueue(environment.limits, environment.loops),
                        environment.output_budget,
                        std::make_shared<OutputBudget::Loop>(loop_),
                        environment.principals} {
  loop_environment_.write_buffer.reserve(kWriteBuffer);
  loop_->SetBatchEnd([this] { return EndBatch(); });
  acceptor_.emplace(*loop_, std::move(listener), environment_.counters,
                    [this](UniqueFd socket, const sockaddr_storage& address) {
                      OnAccept(std::move(socket), address);
                    });
}

Worker::~Worker() { Stop(); }

absl::Status Worker::Start() {
  // Signals are for the other threads. SIGPIPE, which OpenSSL's writes would raise here, stays
  // pending for good.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  absl::Status status;
  try {
    thread_ = std::thread([this] { Run(); });
    pthread_setname_np(thread_.native_handle(), "h2-loop");
  } catch (const std::system_error&) {
    status = absl::ResourceExhaustedError(
        "cannot start a thread for an event loop; raise the limit of processes or of memory");
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return status;
}

void Worker::Run() {
  loop_->Run();
  trim_ = nullptr;
  connections_.ForEach([](Connection& connection) { connection.Cut(); });
  connections_.Clear();
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
    connections_.ForEach([grace](Connection& connection) { connection.BeginShutdown(grace); });
  });
}

void Worker::CheckTrust() {
  loop_->Post([this] {
    const auto tls = environment_.tls.Get();
    const absl::Duration spread =
        tls->CheckSpread(environment_.limits.trust_check_spread, connections_.size());
    connections_.ForEach([&](Connection& connection) { connection.CheckTrustSoon(spread); });
  });
}

void Worker::Stop() {
  if (thread_.joinable()) {
    loop_->Post([this] { loop_->Break(); });
    thread_.join();
  }
}

void Worker::OnAccept(UniqueFd socket, const sockaddr_storage& address) {
  std::optional<Peer> peer = PeerOf(socket.get(), address);
  if (!peer.has_value()) {
    return;
  }
  ConnectionLimiter::Permit permit = environment_.limiter.Admit(peer->counted_as);
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
      environment_.counters.tls_failures.Add(peer->address);
      return;
    }
  }
  connections_
      .Emplace(loop_environment_, *this,
               Connection::Accepted{std::move(socket), std::move(ssl), *std::move(peer),
                                    std::move(permit)})
      .Start();
}

bool Worker::EndBatch() {
  const bool more_to_read = ReadOn();
  // Responses go out before handshakes take their time, and what those lead to in the same batch.
  Flush();
  const bool more_handshakes = loop_environment_.handshakes.RunTurn();
  Flush();
  if (loop_environment_.output_loop->has_chosen()) {
    connections_.ForEach([](Connection& connection) { connection.CloseIfChosen(); });
  }
  // Destroying one runs its handlers' destructors, which may leave others unflushed.
  gone_ += connections_.DestroyRetired();
  TrimMemory();
  if (drained_ != nullptr && connections_.empty()) {
    std::exchange(drained_, nullptr)();
  }
  return more_to_read || more_handshakes || !unflushed_.empty();
}

bool Worker::ReadOn() {
  if (unread_.empty()) {
    return false;
  }
  const double end = MonotonicSeconds() + absl::ToDoubleSeconds(kReadTurn);
  do {
    unread_.PopFront()->ReadOn();
  } while (!unread_.empty() && MonotonicSeconds() < end);
  return !unread_.empty();
}

void Worker::Flush() {
  UnflushedList flushing;
  flushing.TakeAll(unflushed_);
  while (Connection* const connection = flushing.PopFront()) {
    connection->Flush();
  }
}

void Worker::TrimMemory() {
  if (gone_ < kCrowd || trim_ != nullptr) {
    return;
  }
  trim_ = loop_->RunAfter(kBeforeTrim, [this] {
    gone_ = 0;
    trim_ = nullptr;
    ::malloc_trim(0);
  });
}

}  // namespace credential_broker::h2
