#ifndef CREDENTIAL_BROKER_H2_TLS_CONTEXT_H_
#define CREDENTIAL_BROKER_H2_TLS_CONTEXT_H_

#include <openssl/ssl.h>

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "core/mutex.h"
#include "core/peer.h"
#include "h2/server.h"

namespace credential_broker::h2 {

template <auto Free>
struct OpensslDeleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using SslPtr = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;

// What TLS connections of a listener have in common: TLS 1.2 or 1.3, h2 by ALPN, a client
// certificate where a CA is given. No session is resumed: every connection shows its certificate,
// which is checked as of then, and a ticket that holds one would cost more than it saves on
// connections this long. Immutable, thread-safe.
class TlsContext {
 public:
  // INVALID_ARGUMENT: a PEM that cannot be read, or a key of another certificate.
  // FAILED_PRECONDITION: the certificate has expired.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Create(const TlsIdentity& identity);

  explicit TlsContext(SslCtxPtr context) : context_(std::move(context)) {}

  // The server's side of a connection, for a Transport. Null: out of memory.
  SslPtr NewConnection() const;

 private:
  SslCtxPtr context_;
};

// The context for the next connection; replaced while loops read it. Thread-safe.
class TlsSlot {
 public:
  explicit TlsSlot(std::shared_ptr<const TlsContext> context) : context_(std::move(context)) {}

  // Null: plaintext.
  std::shared_ptr<const TlsContext> Get() const {
    MutexLock lock(mutex_);
    return context_;
  }
  void Set(std::shared_ptr<const TlsContext> context) {
    MutexLock lock(mutex_);
    context_.swap(context);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const TlsContext> context_ ABSL_GUARDED_BY(mutex_);
};

// Fills in what the certificate that `ssl` has verified says; nothing where there is none.
void ReadPeerCertificate(const SSL& ssl, Peer& peer);

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_TLS_CONTEXT_H_
