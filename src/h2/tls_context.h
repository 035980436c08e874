#ifndef CREDENTIAL_BROKER_H2_TLS_CONTEXT_H_
#define CREDENTIAL_BROKER_H2_TLS_CONTEXT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "core/peer.h"
#include "h2/client_trust.h"
#include "h2/openssl.h"
#include "h2/tls_identity.h"

namespace credential_broker::h2 {

// What TLS connections of a listener have in common: TLS 1.2 or 1.3, h2 by ALPN, a client
// certificate where a CA is given. No session is resumed: every connection shows its certificate,
// which is checked as of then, and a ticket that holds one would cost more than it saves on
// connections this long. Immutable, thread-safe.
class TlsContext {
 public:
  // INVALID_ARGUMENT: a PEM that cannot be read, or a key of another certificate.
  // FAILED_PRECONDITION: the certificate has expired, or is not valid within kMaxClockSkew.
  static absl::StatusOr<std::shared_ptr<const TlsContext>> Create(const TlsIdentity& identity);

  TlsContext(SslCtxPtr context, std::string trust_digest)
      : context_(std::move(context)), trust_digest_(std::move(trust_digest)) {}

  // The server's side of a connection, for a Transport. Null: out of memory.
  SslPtr NewConnection() const;

  // Returns whether a handshake with the certificate of `ssl`, a connection of any context, would
  // succeed now, and its names be within the scope of their CA. Some tenths of a millisecond.
  bool Covers(const SSL& ssl, const Peer& peer) const;

  // The time over which a loop calls Covers for that many connections, at least `spread`: longer
  // where all the calls would take more than a fifth of it.
  absl::Duration CheckSpread(absl::Duration spread, std::size_t connections) const;

  // The same for contexts that verify client certificates alike, and for no others.
  const std::string& trust_digest() const { return trust_digest_; }

  ClientTrustReport client_trust() const;

  ExpiringCertificates expiring_certificates() const;

 private:
  SslCtxPtr context_;
  const std::string trust_digest_;
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

// Fills in what the certificate that `ssl` has verified says, and the names that its CA may
// issue certificates for; nothing where there is none.
void ReadPeerCertificate(const SSL& ssl, Peer& peer);

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_TLS_CONTEXT_H_
