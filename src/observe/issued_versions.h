#ifndef CREDENTIAL_BROKER_OBSERVE_ISSUED_VERSIONS_H_
#define CREDENTIAL_BROKER_OBSERVE_ISSUED_VERSIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace credential_broker::observe {

// Who gets a token: the same principal at another host is another caller.
struct IssuedTo {
  std::string_view principal;
  std::string_view host;
  std::string_view credential;
};

// How often a principal has been given a token, whatever its hosts and credentials.
struct CallerCalls {
  std::string principal;
  std::uint64_t calls = 0;
};

// Remembers which versions each caller has been given, and how often, in bounded memory.
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

  // True the first time that `caller` is given `version`. Counted each time.
  bool IsFirst(const IssuedTo& caller, std::string_view version);

  // Tokens given, by credential; only ever grows, whatever has been forgotten of callers.
  std::map<std::string, std::uint64_t> ServedByCredential() const;

  // The `most` principals with the most calls, those first. Looks at every caller: for people, not
  // for the way of a call.
  std::vector<CallerCalls> BusiestPrincipals(std::size_t most) const;

  // The credential is no more: neither are its count and its callers.
  void Forget(std::string_view credential);

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
  // Shared by the shard and the callers that it counts.
  using Count = std::shared_ptr<std::uint64_t>;

  struct Issued {
    explicit Issued(Count count) : of_credential(std::move(count)) {}

    std::string newest;
    std::string before;
    std::uint64_t calls = 0;
    Count of_credential;  // never null
  };
  // On cache lines of its own, so that loops which look up different callers do not meet.
  struct alignas(64) Shard {
    mutable Mutex mutex;
    std::unordered_map<Key, Issued, Hash, Equal> callers ABSL_GUARDED_BY(mutex);
    std::map<std::string, Count, std::less<>> by_credential ABSL_GUARDED_BY(mutex);
  };

  static constexpr std::size_t kShards = 16;

  const std::size_t most_per_shard_;
  std::array<Shard, kShards> shards_;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_ISSUED_VERSIONS_H_
