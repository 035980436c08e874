#ifndef CREDENTIAL_BROKER_UPSTREAM_ERROR_ANSWER_H_
#define CREDENTIAL_BROKER_UPSTREAM_ERROR_ANSWER_H_

#include <string_view>

#include "absl/time/time.h"
#include "core/upstream_session.h"
#include "upstream/https_client.h"

namespace credential_broker::upstream {

// What an answer of any status but 2xx means. `wall_now` stands in for the server's clock where the
// answer has no Date. Of the body only `request_id` is read, and kept only if it is short and
// plain: all else in it is InvestSuite's text, which may quote the request.
AttemptFailure ReadErrorAnswer(const HttpResult& answer, absl::Time wall_now);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_ERROR_ANSWER_H_
