#include "upstream/key_files.h"

#include <utility>

namespace credential_broker::upstream {
namespace {

constexpr int kReadings = 3;

}  // namespace

absl::StatusOr<Key> ReadKey(const KeyFiles& files) { return ReadKey(files, ReadSecretFile); }

absl::StatusOr<Key> ReadKey(const KeyFiles& files,
                            absl::FunctionRef<absl::StatusOr<Secret>(const SecretFile&)> read) {
  absl::StatusOr<Secret> id = read({files.id_file});
  for (int reading = 1; id.ok(); ++reading) {
    absl::StatusOr<Secret> secret = read({files.secret_file});
    if (!secret.ok()) {
      return secret.status();
    }
    absl::StatusOr<Secret> id_after = read({files.id_file});
    if (id_after.ok() && (id->Equals(*id_after) || reading == kReadings)) {
      return Key{.id = *std::move(id_after), .secret = *std::move(secret)};
    }
    id = std::move(id_after);
  }
  return id.status();
}

}  // namespace credential_broker::upstream
