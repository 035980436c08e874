#ifndef CREDENTIAL_BROKER_OBSERVE_ISSUED_VERSIONS_H_
#define CREDENTIAL_BROKER_OBSERVE_ISSUED_VERSIONS_H_

#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/mutex.h"

namespace credential_broker::observe {

// Who gets a token: the same principal at another host is another caller.
struct IssuedTo {
  std::string_view principal;
  std::string_view host;
  std::string_view credential;
};

// Remembers which versions each caller has been given, in bounded memory.
//
// Of each caller the last two versions are kept: a version never comes back after a newer one, but
// while it changes two threads may hand out the old and the new in turn. When a shard is full of
// callers it forgets them all: the next call of each then counts as its first, so that an audit
// line may be written twice, but is never missing.
//
// Thread-safe. On the way of every call: one uncontended lock and one look-up, no allocation, when
// the version is known.
class IssuedVersions {
 public:
  // At most this many callers are remembered, some 250 bytes each.
  explicit IssuedVersions(std::size_t most_callers);

  // True the first time that `caller` is given `version`.
  bool IsFirst(const IssuedTo& caller, std::string_view version);

 private:
  struct Key {
    explicit Key(const IssuedTo& caller);
    operator IssuedTo() const;  // NOLINT(google-explicit-constructor): what a look-up compares

    std::string texts;  // principal, host and credential, one after the other
    std::size_t principal_size;
    std::size_t host_size;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const IssuedTo& caller) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const IssuedTo& a, const IssuedTo& b) const;
  };
  struct Versions {
    std::string newest;
    std::string before;
  };
  // On cache lines of its own, so that loops which look up different callers do not meet.
  struct alignas(64) Shard {
    Mutex mutex;
    std::unordered_map<Key, Versions, Hash, Equal> callers ABSL_GUARDED_BY(mutex);
  };

  static constexpr std::size_t kShards = 16;

  const std::size_t most_per_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_ISSUED_VERSIONS_H_
