#ifndef CREDENTIAL_BROKER_HTTP_SERVER_H_
#define CREDENTIAL_BROKER_HTTP_SERVER_H_

#include <cstddef>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "http/pages.h"

namespace credential_broker::http {

struct ServerLimits {
  // Beyond it the connection that has been there longest is cut: clients that dawdle cannot keep a
  // probe out.
  std::size_t max_connections = 32;
  // From accept to the last byte that the client takes, however slowly it sends (slowloris).
  absl::Duration request_timeout = absl::Seconds(10);
};

// Serves a few pages over plaintext HTTP/1.1, for probes, scrapers and people. One thread, which
// never waits for a client; one request per connection; connections are bounded in number, size and
// time. On loopback the Host header is checked (AllowedHosts).
class Server {
 public:
  virtual ~Server() = default;

  // Takes over `listener`, a listening, non-blocking socket. `clock` outlives the server.
  // RESOURCE_EXHAUSTED: no thread or descriptor can be had.
  static absl::StatusOr<std::unique_ptr<Server>> Start(int listener, Pages pages,
                                                       const Clock& clock,
                                                       ServerLimits limits = {});

  // Cuts what is open and joins the thread. Idempotent; the destructor calls it.
  virtual void Stop() = 0;
};

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_SERVER_H_
