#ifndef CREDENTIAL_BROKER_UPSTREAM_KEY_FILES_H_
#define CREDENTIAL_BROKER_UPSTREAM_KEY_FILES_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/secret.h"
#include "upstream/secret_file.h"

namespace credential_broker::upstream {

// Where a credential's key lies. Either pair logs in.
struct KeyFiles {
  enum class Kind { kAccessKey, kPassword };

  Kind kind = Kind::kAccessKey;
  std::string id_file;      // access_key_id_file or username_file
  std::string secret_file;  // secret_access_key_file or password_file
};

struct Key {
  Secret id;
  Secret secret;
};

// Reads both files as they are now, line ends at their ends taken off. A pair that is replaced
// meanwhile, the one file before the other, is read again, so that no old id is shown with a new
// secret: InvestSuite counts such logins against the account.
//
// Fails with FAILED_PRECONDITION, naming the file and the fix, where a file cannot be read, is no
// regular file, is empty, larger than 8 KiB or not UTF-8, and where the pair changes at each of
// many readings: a pair that may be mixed is never returned.
absl::StatusOr<Key> ReadKey(const KeyFiles& files);

// The same with the files read by `read`, so that a test can replace them between two reads.
absl::StatusOr<Key> ReadKey(const KeyFiles& files,
                            absl::FunctionRef<absl::StatusOr<Secret>(const SecretFile&)> read);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_KEY_FILES_H_
