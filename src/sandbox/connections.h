#ifndef CREDENTIAL_BROKER_SANDBOX_CONNECTIONS_H_
#define CREDENTIAL_BROKER_SANDBOX_CONNECTIONS_H_

#include <cstddef>
#include <functional>
#include <list>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "sandbox/certificate.h"
#include "sandbox/listener.h"
#include "sandbox/tls_connection.h"

namespace credential_broker::sandbox {

// The open connections, each served by a thread of its own, so that one that hangs holds up no
// other. Add and Stop are called by one thread at a time.
class Connections {
 public:
  // `serve` runs on a connection's thread and returns when it is to end.
  using Serve = std::function<void(TlsConnection& connection)>;
  // `context` outlives this.
  Connections(SSL_CTX* context, Serve serve) : context_(context), serve_(std::move(serve)) {}
  ~Connections() { Stop(); }
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // False: there are too many; the connection is closed.
  bool Add(UniqueFd socket);

  // Cuts those that wait for their next request, as a server does that goes down. From any thread.
  void CutIdle();

  // Cuts every connection and waits for its thread.
  void Stop();

 private:
  static constexpr std::size_t kMost = 4096;

  struct Open {
    std::optional<TlsConnection> connection;  // none: it has ended
    std::thread thread;
  };

  void Run(Open& open);
  void JoinEnded();

  SSL_CTX* const context_;
  const Serve serve_;
  Mutex mutex_;
  std::list<Open> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_CONNECTIONS_H_
