#ifndef CREDENTIAL_BROKER_TESTS_UPSTREAM_SYSTEM_ROOTS_H_
#define CREDENTIAL_BROKER_TESTS_UPSTREAM_SYSTEM_ROOTS_H_

#include <string>

namespace credential_broker::upstream {

// While it lives, `ca_file` alone is what the system trusts: where this process is to load
// certificates from a file or a folder below /etc/ssl, OpenSSL loads `ca_file` instead. One at a
// time.
class SystemRoots {
 public:
  explicit SystemRoots(std::string ca_file);
  ~SystemRoots();
  SystemRoots(const SystemRoots&) = delete;
  SystemRoots& operator=(const SystemRoots&) = delete;

 private:
  const std::string ca_file_;
};

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_TESTS_UPSTREAM_SYSTEM_ROOTS_H_
