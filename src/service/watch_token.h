#ifndef CREDENTIAL_BROKER_SERVICE_WATCH_TOKEN_H_
#define CREDENTIAL_BROKER_SERVICE_WATCH_TOKEN_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/mutex.h"
#include "rpc/router.h"
#include "service/bearer_lease.h"
#include "service/caller.h"
#include "service/watch_feed.h"
#include "service/watch_group.h"

namespace credential_broker::service {

class WatchStream;

// CredentialBrokerService.WatchToken: all streams that are open, by credential and event loop.
// Thread-safe; what it is made of outlives it, and it outlives the server that routes to it.
class WatchToken {
 public:
  WatchToken(const Gatekeeper& gatekeeper, const Clock& clock)
      : gatekeeper_(gatekeeper), clock_(clock), leases_(clock) {}

  rpc::HandlerFactory Factory();

  // To be called after the credential set was replaced. Streams whose caller may no more use the
  // credential, or whose credential is gone, end as a new call would; the others go over to the
  // credential that has the name now.
  void RecheckPermissions();

  // Ends all streams, and every one that is opened from now on, with SHUTTING_DOWN.
  void Shutdown();

  // Open streams by credential; one that has none may be absent.
  std::map<std::string, std::size_t> StreamCounts() const;

  // For WatchStream.
  const Gatekeeper& gatekeeper() const { return gatekeeper_; }
  BearerLeases& leases() { return leases_; }
  // Adds the stream, which lives on `loop`, to those of `credential`. SHUTTING_DOWN after Shutdown.
  absl::StatusOr<std::shared_ptr<WatchGroup>> Join(WatchStream& stream,
                                                   const std::shared_ptr<Executor>& loop,
                                                   const std::string& credential);
  void Leave(WatchStream& stream, WatchGroup& group);

 private:
  std::vector<std::shared_ptr<WatchGroup>> Groups() const;

  const Gatekeeper& gatekeeper_;
  const Clock& clock_;
  BearerLeases leases_;
  mutable Mutex mutex_;
  // Those with streams.
  std::map<std::string, std::shared_ptr<WatchFeed>, std::less<>> feeds_ ABSL_GUARDED_BY(mutex_);
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_WATCH_TOKEN_H_
