#include "upstream/key_files.h"

#include <utility>

#include "absl/status/status.h"
#include "base/strings.h"

namespace credential_broker::upstream {
namespace {

// A rotation changes a pair once. Whatever changes it at each of so many readings is no rotation.
constexpr int kReadings = 10;

}  // namespace

absl::StatusOr<Key> ReadKey(const KeyFiles& files) { return ReadKey(files, ReadSecretFile); }

absl::StatusOr<Key> ReadKey(const KeyFiles& files,
                            absl::FunctionRef<absl::StatusOr<Secret>(const SecretFile&)> read) {
  absl::StatusOr<Secret> id = read({files.id_file});
  for (int reading = 0; id.ok() && reading < kReadings; ++reading) {
    absl::StatusOr<Secret> secret = read({files.secret_file});
    if (!secret.ok()) {
      return secret.status();
    }
    absl::StatusOr<Secret> id_after = read({files.id_file});
    if (id_after.ok() && id->Equals(*id_after)) {
      return Key{.id = *std::move(id_after), .secret = *std::move(secret)};
    }
    id = std::move(id_after);
  }
  if (!id.ok()) {
    return id.status();
  }
  return absl::FailedPreconditionError(
      StrCat("file ", files.id_file, " changes all the time: replace it together with ",
             files.secret_file, ", and no more often than once in a few seconds"));
}

}  // namespace credential_broker::upstream
