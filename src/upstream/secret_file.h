#ifndef CREDENTIAL_BROKER_UPSTREAM_SECRET_FILE_H_
#define CREDENTIAL_BROKER_UPSTREAM_SECRET_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/secret.h"

namespace credential_broker::upstream {

// A file that holds one secret and nothing else.
struct SecretFile {
  std::string path;
  std::string_view noun = "key";  // what an error calls the secret
};

// Reads the file as it is now, line ends at its end taken off.
//
// Fails with FAILED_PRECONDITION, naming the file and the mend, where it cannot be read, is no
// regular file, is empty, larger than 8 KiB or not UTF-8.
absl::StatusOr<Secret> ReadSecretFile(const SecretFile& file);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_SECRET_FILE_H_
