#include "cli/client_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <ctime>
#include <memory>
#include <utility>

#include "cli/sigpipe.h"

namespace credential_broker::cli {
namespace {

constexpr int kSeconds = 2;  // for connecting, and again for the alert
constexpr int kNapMilliseconds = 10;

struct FreeConnection {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

// As gRPC would connect. Null where a file is no good.
std::unique_ptr<SSL_CTX, FreeConnection> MakeContext(const Endpoint& endpoint) {
  std::unique_ptr<SSL_CTX, FreeConnection> context(SSL_CTX_new(TLS_client_method()));
  static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context.get(), kHttp2, sizeof(kHttp2));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const bool trusting =
      endpoint.ca_file.empty()
          ? SSL_CTX_set_default_verify_paths(context.get()) == 1
          : SSL_CTX_load_verify_file(context.get(), endpoint.ca_file.c_str()) == 1;
  const bool identified =
      endpoint.cert_file.empty() ||
      (SSL_CTX_use_certificate_chain_file(context.get(), endpoint.cert_file.c_str()) == 1 &&
       SSL_CTX_use_PrivateKey_file(context.get(), endpoint.key_file.c_str(), SSL_FILETYPE_PEM) ==
           1);
  return trusting && identified ? std::move(context) : nullptr;
}

// Whether the last error of OpenSSL is an alert about the client's certificate.
bool WasToldSo(const Endpoint& endpoint) {
  const unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
    return false;
  }
  switch (ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    case SSL_AD_HANDSHAKE_FAILURE:
      // What TLS 1.2 says where no certificate came.
      return endpoint.cert_file.empty();
    default:
      return false;
  }
}

// Waits until the server has spoken, left or been silent for too long. True: it spoke.
bool Hears(BIO* bio) {
  const std::time_t deadline = std::time(nullptr) + kSeconds;
  char byte = 0;
  int got = BIO_read(bio, &byte, 1);
  while (got <= 0 && BIO_should_retry(bio) && BIO_wait(bio, deadline, kNapMilliseconds) == 1) {
    got = BIO_read(bio, &byte, 1);
  }
  return got > 0;
}

}  // namespace

bool RefusesClientCertificate(const Endpoint& endpoint) {
  if (endpoint.plaintext || endpoint.address.starts_with("unix:")) {
    return false;
  }
  const SigpipeIgnored no_signal;
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, FreeConnection> context = MakeContext(endpoint);
  bool refused = false;
  if (context != nullptr) {
    const std::unique_ptr<BIO, FreeConnection> bio(BIO_new_ssl_connect(context.get()));
    BIO_set_conn_hostname(bio.get(), endpoint.address.c_str());
    const bool connected = BIO_do_connect_retry(bio.get(), kSeconds, kNapMilliseconds) == 1;
    refused = !(connected && Hears(bio.get())) && WasToldSo(endpoint);
  }
  ERR_clear_error();
  return refused;
}

}  // namespace credential_broker::cli
