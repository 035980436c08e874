#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_VIRTUAL_TIME_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_VIRTUAL_TIME_H_

#include "absl/time/time.h"

namespace credential_broker {

// While one exists, the monotonic clocks of this process move only by Advance: clock_gettime is
// replaced for the whole process, for libev and OpenSSL too. The wall clock goes on. For code on
// the thread of the test, whose event loop was created after it; one at a time.
class VirtualTime {
 public:
  VirtualTime();
  ~VirtualTime();
  VirtualTime(const VirtualTime&) = delete;
  VirtualTime& operator=(const VirtualTime&) = delete;

  static void Advance(absl::Duration step);
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_VIRTUAL_TIME_H_
