#include "observe/issued_versions.h"

#include <algorithm>
#include <utility>

#include "core/strings.h"

namespace credential_broker::observe {

IssuedVersions::Key::Key(const IssuedTo& caller)
    : texts(StrCat(caller.principal, caller.host, caller.credential)),
      principal_size(caller.principal.size()),
      host_size(caller.host.size()) {}

IssuedVersions::Key::operator IssuedTo() const {
  const std::string_view all = texts;
  return {all.substr(0, principal_size), all.substr(principal_size, host_size),
          all.substr(principal_size + host_size)};
}

std::size_t IssuedVersions::Hash::operator()(const IssuedTo& caller) const {
  constexpr std::size_t kOddMultiplier = 0x9e3779b97f4a7c15;
  const std::hash<std::string_view> hash;
  std::size_t mixed = hash(caller.principal);
  mixed = mixed * kOddMultiplier + hash(caller.host);
  return mixed * kOddMultiplier + hash(caller.credential);
}

bool IssuedVersions::Equal::operator()(const IssuedTo& a, const IssuedTo& b) const {
  return a.principal == b.principal && a.host == b.host && a.credential == b.credential;
}

IssuedVersions::IssuedVersions(std::size_t most_callers)
    : most_per_shard_(std::max<std::size_t>(1, most_callers / kShards)) {}

bool IssuedVersions::IsFirst(const IssuedTo& caller, std::string_view version) {
  // The upper bits: the table of the shard uses the hash by its remainder.
  constexpr int kShift = 60;
  static_assert(kShards == std::size_t{1} << (64 - kShift));
  Shard& shard = shards_[Hash()(caller) >> kShift];
  const MutexLock lock(shard.mutex);
  auto found = shard.callers.find(caller);
  if (found == shard.callers.end()) {
    if (shard.callers.size() >= most_per_shard_) {
      shard.callers.clear();
    }
    found = shard.callers.try_emplace(Key(caller)).first;
  }
  Versions& versions = found->second;
  if (versions.newest == version || versions.before == version) {
    return false;
  }
  versions.before = std::exchange(versions.newest, std::string(version));
  return true;
}

}  // namespace credential_broker::observe
