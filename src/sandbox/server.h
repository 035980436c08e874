#ifndef CREDENTIAL_BROKER_SANDBOX_SERVER_H_
#define CREDENTIAL_BROKER_SANDBOX_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "sandbox/faults.h"
#include "sandbox/keys.h"
#include "sandbox/stats.h"

namespace credential_broker::sandbox {

struct SandboxOptions {
  std::string address = "127.0.0.1:0";  // "host:port" or "[v6]:port"; port 0: any
  SandboxKeys keys;
  Faults faults;
  // What the certificate is good for, beside localhost, 127.0.0.1, ::1, the machine's name and the
  // host of `address`.
  std::vector<std::string> extra_names;
};

// A stand-in for InvestSuite's API over real HTTPS, with faults on demand: control.h has the
// endpoints that direct it from outside, the methods here do the same from within. Thread-safe but
// for Stop.
class SandboxServer {
 public:
  // Listens and serves on threads of its own. `clock` outlives the server. ALREADY_EXISTS: another
  // process has the port. INVALID_ARGUMENT: `address` is none, or is not this machine's.
  static absl::StatusOr<std::unique_ptr<SandboxServer>> Start(const SandboxOptions& options,
                                                              const Clock& clock);

  // Stops.
  ~SandboxServer();

  // "https://127.0.0.1:8443": where callers on this machine reach it, also where it listens on all
  // addresses.
  const std::string& base_url() const;

  // "127.0.0.1:8443", as bound.
  const std::string& address() const;

  // The CA that the server's certificate is verified by.
  const std::string& ca_pem() const;

  absl::Status Set(std::string_view fault, std::string_view value);
  void ResetFaults();
  void ReplaceKeys(SandboxKeys keys);
  void RevokeSessions();

  std::int64_t Get(Counter counter);
  // False: the counter did not reach `value` in time.
  bool WaitFor(Counter counter, std::int64_t value, absl::Duration timeout = absl::Seconds(10));

  // Cuts every connection and ends every wait. Idempotent.
  void Stop();

 private:
  class Impl;
  explicit SandboxServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_SERVER_H_
