#ifndef CREDENTIAL_BROKER_UPSTREAM_INVESTSUITE_H_
#define CREDENTIAL_BROKER_UPSTREAM_INVESTSUITE_H_

#include <memory>
#include <string_view>

#include "base/clock.h"
#include "core/upstream_session.h"
#include "upstream/https_client.h"
#include "upstream/key_files.h"

namespace credential_broker::upstream {

// InvestSuite's two calls at `base_url` (https, with or without a `/` at its end): POST
// /auth/login/ and POST /auth/refresh-token/. Every request is sent at most once. `clock` outlives
// the session.
std::unique_ptr<UpstreamSession> MakeInvestSuiteSession(std::string_view base_url,
                                                        KeyFiles key_files,
                                                        std::unique_ptr<HttpsClient> client,
                                                        const Clock& clock);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_INVESTSUITE_H_
