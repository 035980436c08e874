#include "observe/issued_versions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/strings.h"

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
    auto count = shard.by_credential.find(caller.credential);
    if (count == shard.by_credential.end()) {
      count = shard.by_credential
                  .try_emplace(std::string(caller.credential), std::make_shared<std::uint64_t>(0))
                  .first;
    }
    found = shard.callers.try_emplace(Key(caller), count->second).first;
  }
  Issued& issued = found->second;
  ++issued.calls;
  ++*issued.of_credential;
  if (issued.newest == version || issued.before == version) {
    return false;
  }
  issued.before = std::exchange(issued.newest, std::string(version));
  return true;
}

std::map<std::string, std::uint64_t> IssuedVersions::ServedByCredential() const {
  std::map<std::string, std::uint64_t> served;
  for (const Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    for (const auto& [credential, count] : shard.by_credential) {
      served[credential] += *count;
    }
  }
  return served;
}

std::vector<CallerCalls> IssuedVersions::BusiestPrincipals(std::size_t most) const {
  std::unordered_map<std::string, std::uint64_t> calls;
  for (const Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    for (const auto& [key, issued] : shard.callers) {
      calls[std::string(IssuedTo(key).principal)] += issued.calls;
    }
  }
  std::vector<CallerCalls> busiest;
  busiest.reserve(calls.size());
  for (const auto& [principal, count] : calls) {
    busiest.push_back({principal, count});
  }
  const auto shown = busiest.begin() + static_cast<std::ptrdiff_t>(std::min(most, busiest.size()));
  std::partial_sort(busiest.begin(), shown, busiest.end(),
                    [](const CallerCalls& a, const CallerCalls& b) {
                      return a.calls != b.calls ? a.calls > b.calls : a.principal < b.principal;
                    });
  busiest.erase(shown, busiest.end());
  return busiest;
}

void IssuedVersions::Forget(std::string_view credential) {
  for (Shard& shard : shards_) {
    const MutexLock lock(shard.mutex);
    for (auto it = shard.callers.begin(); it != shard.callers.end();) {
      it = IssuedTo(it->first).credential == credential ? shard.callers.erase(it) : std::next(it);
    }
    if (auto it = shard.by_credential.find(credential); it != shard.by_credential.end()) {
      shard.by_credential.erase(it);
    }
  }
}

}  // namespace credential_broker::observe
