#ifndef CREDENTIAL_BROKER_SANDBOX_STATS_H_
#define CREDENTIAL_BROKER_SANDBOX_STATS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace credential_broker::sandbox {

enum class Counter {
  kLogins,           // granted, whether or not the answer arrived
  kRefreshes,        // likewise
  kUsers,            // calls of /users/ with a good token
  kLoginRequests,    // all that came in
  kRefreshRequests,  // likewise
  kUsersRequests,    // likewise
  kRefreshReuses,    // refresh tokens that a caller spent a second time
  kRejectedLogins,
  kRejectedRefreshes,
  kRejectedUsers,
  kMalformed,   // requests that InvestSuite could not have read
  kForced,      // answered with a forced status
  kGarbled,     // answered with a body that is no grant
  kLost,        // answers that were lost or cut
  kHanging,     // waiting now, because of hang_*
  kHungUp,      // callers that left while they hung
  kRedirected,  // requests that followed a forced redirect
  kNotFound,
  kInFlight,         // requests for the three endpoints that are being answered now
  kAuthInFlight,     // those of them that are logins and refreshes
  kMaxAuthInFlight,  // the most of them at once
  kConnections,      // accepted
  kOpenConnections,
  kRefusedConnections,
  kHandshakeFailures,
};
inline constexpr std::size_t kCounters = static_cast<std::size_t>(Counter::kHandshakeFailures) + 1;

// "logins", "refresh_reuses": as in the JSON, in the order of Counter.
const std::vector<std::string>& CounterNames();

// INVALID_ARGUMENT names the nearest counter.
absl::StatusOr<Counter> FindCounter(std::string_view name);

// What happened: counters, and the last requests in the order in which they came. A value without a
// lock.
class Stats {
 public:
  using EntryId = std::int64_t;

  void Add(Counter counter, std::int64_t amount = 1);
  std::int64_t Get(Counter counter) const { return counts_[static_cast<std::size_t>(counter)]; }

  // A request for `operation` came in, `at` after the start.
  EntryId Begin(std::string_view operation, absl::Duration at);
  // It ended: `outcome` is such as "granted", "rejected", "forced".
  void End(EntryId id, std::string_view outcome, int status, absl::Duration at);

  std::string ToJson() const;

 private:
  static constexpr std::size_t kLogSize = 1000;

  struct Entry {
    EntryId id = 0;
    std::string operation;
    std::string outcome = "in_flight";
    int status = 0;
    absl::Duration began;
    absl::Duration took;
  };

  std::array<std::int64_t, kCounters> counts_{};
  EntryId last_id_ = 0;
  std::deque<Entry> log_;
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_STATS_H_
