#ifndef CREDENTIAL_BROKER_TESTS_UPSTREAM_SYSTEM_ROOTS_H_
#define CREDENTIAL_BROKER_TESTS_UPSTREAM_SYSTEM_ROOTS_H_

#include "support/tls_server.h"

namespace credential_broker::upstream {

// While it lives, `ca` alone is what the system trusts: where this process is to load certificates
// from a file or a folder below /etc/ssl, OpenSSL loads `ca` instead. One at a time.
class SystemRoots {
 public:
  explicit SystemRoots(const TestCa& ca);
  ~SystemRoots();
  SystemRoots(const SystemRoots&) = delete;
  SystemRoots& operator=(const SystemRoots&) = delete;
};

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_TESTS_UPSTREAM_SYSTEM_ROOTS_H_
