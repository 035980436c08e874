#include "h2/server.h"

#include <algorithm>
#include <condition_variable>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/random.h"
#include "h2/address.h"
#include "h2/connection_limiter.h"
#include "h2/listener.h"
#include "h2/output_budget.h"
#include "h2/principal_gate.h"
#include "h2/session_template.h"
#include "h2/tls_context.h"
#include "h2/worker.h"

namespace credential_broker::h2 {
namespace {

// Each loop takes at least 8 handshakes: with more loops, all of them would take more than
// Limits::max_handshakes of 640.
constexpr int kMaxLoops = 64;

// Counts down once a worker; waited for by Drain. Shared with the workers, which may come late.
class Latch {
 public:
  explicit Latch(std::size_t count) : count_(count) {}

  void CountDown() {
    MutexLock lock(mutex_);
    --count_;
    changed_.notify_all();
  }

  void WaitAtMost(absl::Duration timeout) {
    auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
    MutexLock lock(mutex_);
    while (count_ > 0 && changed_.wait_until(mutex_, until) != std::cv_status::timeout) {
    }
  }

 private:
  Mutex mutex_;
  std::condition_variable_any changed_;
  std::size_t count_ ABSL_GUARDED_BY(mutex_);
};

class ServerImpl final : public Server {
 public:
  ServerImpl(ServerOptions options, Application& application, std::shared_ptr<const TlsContext> tls,
             std::size_t loops)
      : limits_(options.limits),
        tls_(std::move(tls)),
        session_template_(limits_),
        limiter_(limits_, counters_),
        principals_(limits_, std::move(options.principal_of), counters_),
        output_budget_(std::make_shared<OutputBudget>(limits_.max_queued_output_total)),
        environment_{application,   limits_, session_template_, counters_,      limiter_,
                     tls_,          loops,   principals_,       output_budget_, *options.clock,
                     SystemRandom()} {}

  ~ServerImpl() override { Drain(absl::ZeroDuration()); }

  absl::Status Serve(Listener listener) {
    address_ = std::move(listener.address);
    file_ = std::move(listener.file);
    for (UniqueFd& socket : listener.sockets) {
      std::shared_ptr<EvLoop> loop = EvLoop::Create();
      if (loop == nullptr) {
        return absl::ResourceExhaustedError(
            "no event loop can be made; raise the limit of open files (ulimit -n)");
      }
      workers_.push_back(
          std::make_unique<Worker>(environment_, std::move(loop), std::move(socket)));
    }
    for (auto& worker : workers_) {
      if (absl::Status started = worker->Start(); !started.ok()) {
        return started;
      }
    }
    return absl::OkStatus();
  }

  const std::string& address() const override { return address_; }
  const Counters& counters() const override { return counters_; }

  std::vector<std::shared_ptr<EventLoop>> loops() const override {
    std::vector<std::shared_ptr<EventLoop>> loops;
    for (const auto& worker : workers_) {
      loops.push_back(worker->loop());
    }
    return loops;
  }

  absl::Status UpdateIdentity(const TlsIdentity& identity) override {
    const std::shared_ptr<const TlsContext> before = tls_.Get();
    if (before == nullptr) {
      return absl::FailedPreconditionError(
          "the listener is plaintext; it takes no TLS identity without a restart");
    }
    auto context = TlsContext::Create(identity);
    if (!context.ok()) {
      return context.status();
    }
    const bool same_trust = (*context)->trust_digest() == before->trust_digest();
    tls_.Set(*std::move(context));
    // After the change: a connection that is accepted before its loop's turn is looked at too.
    if (!same_trust) {
      for (const auto& worker : workers_) {
        worker->CheckTrust();
      }
    }
    return absl::OkStatus();
  }

  ClientTrustReport client_trust() const override {
    const std::shared_ptr<const TlsContext> context = tls_.Get();
    return context == nullptr ? ClientTrustReport() : context->client_trust();
  }

  ExpiringCertificates expiring_certificates() const override {
    const std::shared_ptr<const TlsContext> context = tls_.Get();
    return context == nullptr ? ExpiringCertificates() : context->expiring_certificates();
  }

  void Drain(absl::Duration grace) override {
    MutexLock lock(drain_mutex_);
    if (drained_) {
      return;
    }
    drained_ = true;
    file_.Remove();
    if (grace > absl::ZeroDuration()) {
      auto latch = std::make_shared<Latch>(workers_.size());
      for (auto& worker : workers_) {
        worker->Drain(grace, [latch] { latch->CountDown(); });
      }
      latch->WaitAtMost(grace);
    }
    for (auto& worker : workers_) {
      worker->Stop();
    }
  }

 private:
  const Limits limits_;
  Counters counters_;
  TlsSlot tls_;
  SessionTemplate session_template_;
  ConnectionLimiter limiter_;
  PrincipalGate principals_;
  const std::shared_ptr<OutputBudget> output_budget_;
  WorkerEnvironment environment_;
  std::string address_;
  UnixSocketFile file_;
  std::vector<std::unique_ptr<Worker>> workers_;
  Mutex drain_mutex_;
  bool drained_ ABSL_GUARDED_BY(drain_mutex_) = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options,
                                                      Application& application) {
  auto address = ParseListenAddress(options.address);
  if (!address.ok()) {
    return address.status();
  }
  std::shared_ptr<const TlsContext> tls;
  if (options.tls.has_value()) {
    auto context = TlsContext::Create(*options.tls);
    if (!context.ok()) {
      return context.status();
    }
    tls = *std::move(context);
  }
  const int wanted = options.loops > 0
                         ? options.loops
                         : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const int loops = std::min(wanted, kMaxLoops);
  auto listener = Listen(*address, loops, options.unix_socket_mode);
  if (!listener.ok()) {
    return listener.status();
  }
  const std::size_t sockets = listener->sockets.size();
  auto server =
      std::make_unique<ServerImpl>(std::move(options), application, std::move(tls), sockets);
  if (absl::Status serving = server->Serve(*std::move(listener)); !serving.ok()) {
    return serving;
  }
  return server;
}

}  // namespace credential_broker::h2
