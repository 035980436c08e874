#ifndef CREDENTIAL_BROKER_H2_WORKER_H_
#define CREDENTIAL_BROKER_H2_WORKER_H_

#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

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

  // Starts the thread.
  void Start();

  // Stops accepting, shuts each connection down, and calls `done` on the loop's thread when all
  // have closed; those that are open after `grace` are cut. Thread-safe.
  void Drain(absl::Duration grace, std::function<void()> done);

  const std::shared_ptr<EvLoop>& loop() const { return loop_; }

  // Closes everything and joins the thread. Idempotent.
  void Stop();

  void OnDirty(Connection& connection) override { dirty_.push_back(&connection); }
  void OnOver(Connection& connection) override { over_.push_back(&connection); }

 private:
  void Run();
  void OnAccept(UniqueFd socket, const sockaddr_storage& address);
  // True: there is more to do at once.
  bool EndBatch();
  void DestroyOver();
  // Gives the memory that a crowd of connections has left back to the system.
  void TrimMemory();

  WorkerEnvironment& environment_;
  std::shared_ptr<EvLoop> loop_;
  LoopEnvironment loop_environment_;
  std::optional<Acceptor> acceptor_;
  std::vector<std::unique_ptr<Connection>> connections_;  // each knows its place
  std::vector<Connection*> dirty_;
  std::vector<Connection*> flushing_;
  std::vector<Connection*> over_;
  std::size_t gone_ = 0;  // connections since memory was given back to the system
  std::function<void()> drained_;
  std::thread thread_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_WORKER_H_
