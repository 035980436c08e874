#ifndef CREDENTIAL_BROKER_SERVICE_WAITING_QUERY_H_
#define CREDENTIAL_BROKER_SERVICE_WAITING_QUERY_H_

#include <memory>
#include <utility>

#include "core/credential.h"
#include "rpc/unary.h"

namespace credential_broker::service {

// A call that waits for a credential's answer: withdrawn when the call is over.
class WaitingQuery final : public rpc::PendingWork {
 public:
  explicit WaitingQuery(std::unique_ptr<PendingQuery> query) : query_(std::move(query)) {}

 private:
  std::unique_ptr<PendingQuery> query_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_WAITING_QUERY_H_
