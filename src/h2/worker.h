#ifndef CREDENTIAL_BROKER_H2_WORKER_H_
#define CREDENTIAL_BROKER_H2_WORKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "absl/status/status.h"
#include "base/owned_list.h"
#include "h2/acceptor.h"
#include "h2/connection.h"
#include "h2/connection_limiter.h"
#include "h2/tls_context.h"

namespace credential_broker::h2 {

// What the workers of one listener share. All thread-safe; outlives them.
struct WorkerEnvironment {
  Application& application;
  const Limits& limits;
  const SessionTemplate& session_template;
  Counters& counters;
  ConnectionLimiter& limiter;
  const TlsSlot& tls;
  std::size_t loops;
  PrincipalGate& principals;
  const std::shared_ptr<OutputBudget>& output_budget;
  const Clock& clock;
  Random& random;  // for jitter only
};

// One thread with its event loop, its listening socket and its connections.
class Worker final : public ConnectionOwner {
 public:
  // `environment` outlives the worker.
  Worker(WorkerEnvironment& environment, std::shared_ptr<EvLoop> loop, UniqueFd listener);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  // Stops.
  ~Worker() override;

  // Starts the thread. RESOURCE_EXHAUSTED: there is none.
  absl::Status Start();

  // Serves on the calling thread until the loop is broken, then closes everything. Start calls it
  // on the worker's own thread; a test that has no other thread calls it in place of Start.
  void Run();

  // Stops accepting, shuts each connection down, and calls `done` on the loop's thread when all
  // have closed; those that are open after `grace` are cut. Thread-safe.
  void Drain(absl::Duration grace, std::function<void()> done);

  // Has each open connection verified against the client CAs and CRLs in force, spread over
  // Limits::trust_check_spread or longer, as TlsContext::CheckSpread says. Thread-safe.
  void CheckTrust();

  const std::shared_ptr<EvLoop>& loop() const { return loop_; }

  // Closes everything and joins the thread. Idempotent.
  void Stop();

  void OnUnflushed(Connection& connection) override { unflushed_.PushBack(connection); }
  void OnUnread(Connection& connection) override { unread_.PushBack(connection); }
  void OnOver(Connection& connection) override { connections_.Retire(connection); }

 private:
  void OnAccept(UniqueFd socket, const sockaddr_storage& address);
  // True: there is more to do at once.
  bool EndBatch();
  // Lets connections that have sent much read on, one part each in turn, for at most kReadTurn.
  // True: there is more to read.
  bool ReadOn();
  // Flushes each connection once; one that has more to send stays unflushed.
  void Flush();
  // Returns memory to the system some time after many connections have closed.
  void TrimMemory();

  WorkerEnvironment& environment_;
  std::shared_ptr<EvLoop> loop_;
  LoopEnvironment loop_environment_;
  std::optional<Acceptor> acceptor_;
  OwnedList<Connection> connections_;
  UnflushedList unflushed_;
  UnreadList unread_;
  std::size_t gone_ = 0;         // connections since memory was given back to the system
  std::unique_ptr<Timer> trim_;  // null: no memory is to be given back
  std::function<void()> drained_;
  std::thread thread_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_WORKER_H_
