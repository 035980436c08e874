#ifndef CREDENTIAL_BROKER_OBSERVE_FAILURE_KIND_H_
#define CREDENTIAL_BROKER_OBSERVE_FAILURE_KIND_H_

#include <string_view>

#include "core/upstream_session.h"

namespace credential_broker::observe {

// "not_sent", "server_error", …: for logs and metrics.
std::string_view FailureKindName(FailureKind kind);

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_FAILURE_KIND_H_
