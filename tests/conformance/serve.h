#ifndef CREDENTIAL_BROKER_TESTS_CONFORMANCE_SERVE_H_
#define CREDENTIAL_BROKER_TESTS_CONFORMANCE_SERVE_H_

#include <functional>

#include "h2/server.h"
#include "rpc/router.h"

namespace credential_broker {

// Called before there is any other thread: none of them takes the signals that ServeUntilSignal
// waits for.
void BlockSignals();

// Serves `router` until SIGTERM or SIGINT; tells `on_serving` the port that was bound. Returns
// main's exit status.
int ServeUntilSignal(h2::ServerOptions options, const rpc::Router& router,
                     const std::function<void(int port)>& on_serving);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_CONFORMANCE_SERVE_H_
