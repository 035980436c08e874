#ifndef CREDENTIAL_BROKER_SERVICE_WATCH_STREAM_H_
#define CREDENTIAL_BROKER_SERVICE_WATCH_STREAM_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/intrusive_list.h"
#include "base/keyed_permits.h"
#include "rpc/call.h"
#include "rpc/unary.h"
#include "service/bearer_lease.h"
#include "service/watch_group.h"
#include "service/watch_token.h"

namespace credential_broker::service {

// One WatchToken call. It sends the latest state only: a message that the client has not begun to
// take is replaced by the next; while it has taken a part of one, the stream remembers no more than
// that there is news. On its loop's thread.
class WatchStream final : public rpc::CallHandler, public ListHook<WatchStream, WatchGroup> {
 public:
  // Both outlive it.
  WatchStream(rpc::Call& call, WatchToken& service) : call_(call), service_(service) {}
  WatchStream(const WatchStream&) = delete;
  WatchStream& operator=(const WatchStream&) = delete;
  ~WatchStream() override;

  // rpc::CallHandler
  void OnMessage(std::string_view message) override;
  void OnHalfClose() override {}
  void OnDrained() override;

  // For its group.
  void Offer(const WatchMessage& message);
  void Recheck();
  void End(const google::rpc::Status& status);

 private:
  // `principal` asks for the credential that `name` means.
  void Begin(absl::StatusOr<std::string> principal, std::string_view name);
  // The bearer token is not good any more.
  void EndLease(const absl::Status& status);
  void Fail(const absl::Status& status);
  void SendLatest();

  rpc::Call& call_;
  WatchToken& service_;
  std::unique_ptr<rpc::PendingWork> authentication_;
  std::string principal_;
  KeyedPermits::Permit permit_;
  std::shared_ptr<WatchGroup> group_;   // null: not admitted
  std::unique_ptr<BearerLease> lease_;  // null: not authenticated by a token
  bool stale_ = false;                  // what was sent last is the latest no more
  bool ended_ = false;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_WATCH_STREAM_H_
