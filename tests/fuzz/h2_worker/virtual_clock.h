#ifndef CREDENTIAL_BROKER_TESTS_FUZZ_H2_WORKER_VIRTUAL_CLOCK_H_
#define CREDENTIAL_BROKER_TESTS_FUZZ_H2_WORKER_VIRTUAL_CLOCK_H_

#include "absl/time/time.h"

namespace credential_broker {

// The monotonic clocks of this program stand still but for this call: clock_gettime is replaced
// for the whole process, libev's and OpenSSL's use of it included. The wall clock goes on.
void AdvanceVirtualClock(absl::Duration step);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_FUZZ_H2_WORKER_VIRTUAL_CLOCK_H_
