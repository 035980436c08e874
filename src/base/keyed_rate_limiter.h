#ifndef CREDENTIAL_BROKER_BASE_KEYED_RATE_LIMITER_H_
#define CREDENTIAL_BROKER_BASE_KEYED_RATE_LIMITER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace credential_broker {

// Of one key: `burst` at once, and `per_second` in the long run. Both above 0.
struct RateLimit {
  double per_second = 0;
  double burst = 0;
};

// A token bucket for each key, as the generic cell rate algorithm keeps it (ITU-T I.371): one
// instant a bucket. A bucket that is full is the same as none and is forgotten when room is needed;
// where even that makes no room, keys that come new share one bucket, so that memory stays bounded.
//
// Thread-safe. A call for a known key takes one short lock, which it shares with a sixteenth of the
// keys, and no memory.
class KeyedRateLimiter {
 public:
  // No limit: every call is allowed. `clock` outlives the limiter.
  KeyedRateLimiter(std::optional<RateLimit> limit, const Clock& clock,
                   std::size_t most_keys = kMostKeys);

  // Takes effect with the next call; what was taken before counts.
  void SetLimit(std::optional<RateLimit> limit);

  // Returns false where every call is allowed.
  bool limited() const { return interval_ != 0; }

  // Takes one from the bucket of `key`: zero. Where it is empty nothing is taken, and the result is
  // the time until there is one.
  absl::Duration Take(std::string_view key);

  // Returns what Take would return, and takes nothing.
  absl::Duration TimeUntilNext(std::string_view key) const;

  // Gives back what a Take of `key` took, also where that was from the shared bucket.
  void GiveBack(std::string_view key);

  // Buckets in memory.
  std::size_t size() const;

 private:
  static constexpr std::size_t kMostKeys = 65'536;
  static constexpr std::size_t kShards = 16;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const {
      return std::hash<std::string_view>()(key);
    }
  };
  // On a cache line of its own: neighbours are locked by other threads.
  struct alignas(64) Shard {
    mutable Mutex mutex;
    // When the bucket of each key will be full, in nanoseconds since boot.
    std::unordered_map<std::string, std::int64_t, Hash, std::equal_to<>> full_at
        ABSL_GUARDED_BY(mutex);
    std::int64_t shared_full_at ABSL_GUARDED_BY(mutex) = 0;  // of the keys without room
    std::int64_t next_sweep ABSL_GUARDED_BY(mutex) = 0;
  };

  Shard& ShardOf(std::string_view key) { return shards_[Hash()(key) / 7 % kShards]; }
  const Shard& ShardOf(std::string_view key) const { return shards_[Hash()(key) / 7 % kShards]; }
  std::int64_t& BucketOf(std::string_view key, Shard& shard, std::int64_t now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  const Clock& clock_;
  const std::size_t most_keys_a_shard_;
  std::atomic<std::int64_t> interval_{0};  // nanoseconds that one costs; 0: there is no limit
  std::atomic<std::int64_t> depth_{0};     // nanoseconds that a whole burst costs
  std::array<Shard, kShards> shards_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_KEYED_RATE_LIMITER_H_
