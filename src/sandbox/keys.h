#ifndef CREDENTIAL_BROKER_SANDBOX_KEYS_H_
#define CREDENTIAL_BROKER_SANDBOX_KEYS_H_

#include <string>

namespace credential_broker::sandbox {

// What a login must show: either pair. The defaults are known to all and guard nothing, so they
// stand in plain strings. A pair that is empty is not accepted.
struct SandboxKeys {
  std::string access_key_id = "sandbox-access-key-id";
  std::string secret_access_key = "sandbox-secret-access-key";
  std::string username = "sandbox-user";
  std::string password = "sandbox-password";
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_KEYS_H_
