#ifndef CREDENTIAL_BROKER_RPC_COUNTERS_H_
#define CREDENTIAL_BROKER_RPC_COUNTERS_H_

#include "h2/counters.h"

namespace credential_broker::rpc {

// What the calls of an application have met, for metrics. See h2::Counters for what HTTP/2 has.
struct Counters {
  h2::Counter messages_too_large;  // MethodOptions::max_message
  h2::Counter principals_full;     // requests refused by Admission::TooManyStreams
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_COUNTERS_H_
