#ifndef CREDENTIAL_BROKER_CONFIG_FINGERPRINT_H_
#define CREDENTIAL_BROKER_CONFIG_FINGERPRINT_H_

#include <cstddef>
#include <string>

namespace credential_broker::config {

// What is remembered of a file's content: nothing that it could be told from.
struct Fingerprint {
  bool readable = false;
  std::size_t size = 0;
  std::size_t hash = 0;

  bool operator==(const Fingerprint& other) const = default;
};

// Of the first MiB of `file` as it is now. Not readable: whatever is no regular file too.
Fingerprint FingerprintOf(const std::string& file);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_FINGERPRINT_H_
