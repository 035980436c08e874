#include "base/keyed_rate_limiter.h"

#include <algorithm>

namespace credential_broker {
namespace {

constexpr double kNanosPerSecond = 1e9;
// Ten years: far from where sums of such times overflow.
constexpr double kMostNanos = 10 * 366 * 86'400 * kNanosPerSecond;
// A shard full of buckets that are in use is not searched again and again for one that is not.
constexpr std::int64_t kBetweenSweeps = 1'000'000'000;

std::int64_t Nanos(double nanos) {
  return static_cast<std::int64_t>(std::clamp(nanos, 1.0, kMostNanos));
}

}  // namespace

KeyedRateLimiter::KeyedRateLimiter(std::optional<RateLimit> limit, const Clock& clock,
                                   std::size_t most_keys)
    : clock_(clock), most_keys_a_shard_(std::max<std::size_t>(1, most_keys / kShards)) {
  SetLimit(limit);
}

void KeyedRateLimiter::SetLimit(std::optional<RateLimit> limit) {
  if (!limit.has_value()) {
    interval_ = 0;
    return;
  }
  const double interval = kNanosPerSecond / limit->per_second;
  depth_ = Nanos(interval * std::max(limit->burst, 1.0));
  interval_ = Nanos(interval);
}

absl::Duration KeyedRateLimiter::Take(std::string_view key) {
  const std::int64_t interval = interval_;
  if (interval == 0) {
    return absl::ZeroDuration();
  }
  const std::int64_t now = absl::ToInt64Nanoseconds(clock_.Now().since_boot());
  Shard& shard = ShardOf(key);
  MutexLock lock(shard.mutex);
  std::int64_t& full_at = BucketOf(key, shard, now);
  const std::int64_t then = std::max(full_at, now) + interval;
  const std::int64_t missing = then - now - depth_;
  if (missing > 0) {
    return absl::Nanoseconds(missing);
  }
  full_at = then;
  return absl::ZeroDuration();
}

absl::Duration KeyedRateLimiter::TimeUntilNext(std::string_view key) const {
  const std::int64_t interval = interval_;
  if (interval == 0) {
    return absl::ZeroDuration();
  }
  const std::int64_t now = absl::ToInt64Nanoseconds(clock_.Now().since_boot());
  const Shard& shard = ShardOf(key);
  MutexLock lock(shard.mutex);
  auto it = shard.full_at.find(key);
  std::int64_t full_at = now;
  if (it != shard.full_at.end()) {
    full_at = it->second;
  } else if (shard.full_at.size() >= most_keys_a_shard_) {
    full_at = shard.shared_full_at;
  }
  const std::int64_t missing = std::max(full_at, now) + interval - now - depth_;
  return absl::Nanoseconds(std::max<std::int64_t>(missing, 0));
}

void KeyedRateLimiter::GiveBack(std::string_view key) {
  Shard& shard = ShardOf(key);
  MutexLock lock(shard.mutex);
  auto it = shard.full_at.find(key);
  // A key without a bucket took from the shared one. Where its own was forgotten since, it had
  // filled up by itself.
  std::int64_t& full_at = it == shard.full_at.end() ? shard.shared_full_at : it->second;
  full_at -= interval_;
}

std::int64_t& KeyedRateLimiter::BucketOf(std::string_view key, Shard& shard, std::int64_t now) {
  auto it = shard.full_at.find(key);
  if (it != shard.full_at.end()) {
    return it->second;
  }
  if (shard.full_at.size() >= most_keys_a_shard_ && now >= shard.next_sweep) {
    shard.next_sweep = now + kBetweenSweeps;
    std::erase_if(shard.full_at, [now](const auto& entry) { return entry.second <= now; });
  }
  if (shard.full_at.size() >= most_keys_a_shard_) {
    return shard.shared_full_at;
  }
  return shard.full_at.emplace(key, 0).first->second;
}

std::size_t KeyedRateLimiter::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    size += shard.full_at.size();
  }
  return size;
}

}  // namespace credential_broker
