#ifndef CREDENTIAL_BROKER_TESTS_CLI_TLS_ACCEPTOR_H_
#define CREDENTIAL_BROKER_TESTS_CLI_TLS_ACCEPTOR_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <thread>

#include "support/test_ca.h"

namespace credential_broker::cli {

// A server on 127.0.0.1 that wants a client certificate and sends the alerts of the standard, which
// grpc++'s does not. To whom it lets in it says one byte, and hangs up.
class TlsAcceptor {
 public:
  // `version`: the only one, such as TLS1_3_VERSION.
  TlsAcceptor(const PemIdentity& identity, const std::string& client_ca_file,
              int version = TLS1_3_VERSION);
  ~TlsAcceptor();
  TlsAcceptor(const TlsAcceptor&) = delete;
  TlsAcceptor& operator=(const TlsAcceptor&) = delete;

  const std::string& address() const { return address_; }

 private:
  void AcceptAll();

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  int listener_ = -1;
  std::string address_;
  std::thread thread_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_TESTS_CLI_TLS_ACCEPTOR_H_
