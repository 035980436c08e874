#ifndef CREDENTIAL_BROKER_TESTS_UPSTREAM_HANGING_NAME_SERVER_H_
#define CREDENTIAL_BROKER_TESTS_UPSTREAM_HANGING_NAME_SERVER_H_

#include <future>
#include <memory>

namespace credential_broker::upstream {

// A name server that does not answer, for the name hanging.test.
struct HangingNameServer {
  std::promise<void> asked;
  std::promise<void> released;
  std::shared_future<void> release = released.get_future().share();
};

// Takes the place of libc's name server for the one next request that asks for hanging.test. The
// server is kept by curl's thread, which outlives that request.
void SetHangingNameServer(std::shared_ptr<HangingNameServer> server);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_TESTS_UPSTREAM_HANGING_NAME_SERVER_H_
