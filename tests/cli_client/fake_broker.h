#ifndef CREDENTIAL_BROKER_TESTS_CLI_CLIENT_FAKE_BROKER_H_
#define CREDENTIAL_BROKER_TESTS_CLI_CLIENT_FAKE_BROKER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "investsuite/credentialbroker/v1/credential_broker.pb.h"

namespace credential_broker::cli {

// A broker on grpc++'s server that answers as the test says: another implementation of the protocol
// than the one that the project serves with. Thread-safe.
class FakeBroker {
 public:
  struct Options {
    std::string listen = "127.0.0.1:0";  // or unix:/path
    std::string cert_pem = {};           // empty: plaintext
    std::string key_pem = {};
    std::string client_ca_pem = {};  // not empty: a client certificate is required
  };

  // What a GetToken call brought.
  struct Call {
    investsuite::credentialbroker::v1::GetTokenRequest request;
    std::string authorization;
    absl::Duration time_left;
  };

  FakeBroker() : FakeBroker(Options{}) {}
  explicit FakeBroker(const Options& options);
  ~FakeBroker();

  // "127.0.0.1:PORT" or "unix:/path".
  const std::string& address() const;
  int port() const;

  void SetToken(investsuite::credentialbroker::v1::AccessToken token);
  // Every call fails from now on; `reason` empty: without details.
  void SetError(int code, const std::string& message, const std::string& reason = "",
                const std::map<std::string, std::string>& metadata = {},
                absl::Duration retry_after = absl::ZeroDuration());
  // One page of the list each.
  void SetPages(std::vector<investsuite::credentialbroker::v1::ListCredentialsResponse> pages);
  void SetHealth(const std::string& service, bool serving);
  // No call is answered while the broker lives.
  void SetSilent();

  std::vector<Call> calls() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// A token with all fields set: value "the-token", version "v-7", 240.5 s to live.
investsuite::credentialbroker::v1::AccessToken ExampleToken();

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_TESTS_CLI_CLIENT_FAKE_BROKER_H_
