#ifndef CREDENTIAL_BROKER_UPSTREAM_ANSWER_H_
#define CREDENTIAL_BROKER_UPSTREAM_ANSWER_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "core/upstream_session.h"

namespace credential_broker::upstream {

// When a request and its answer passed, by our clocks.
struct AnswerTimes {
  BootTime sent_at;      // before the first byte was sent
  BootTime received_at;  // after the last byte came
  absl::Time sent_wall;  // sent_at by the wall clock; used only where the server tells no Date
};

// Reads what a login or a refresh answered. `date`: the answer's Date header, empty where it had
// none.
//
// The lifetime is the earliest that `expires_in`, `expires_at` and the JWT's `exp` name, each as a
// number or a string. A value above 10^9 is an instant by the server's clock, else it counts
// seconds from sent_at. The server's clock is read from `date` and rounded up to the second that it
// hides, so that an instant never comes late; without it our wall clock is the only guess, and then
// `exp` counts only where nothing else tells the end.
//
// INVALID_ARGUMENT for an answer that is unusable: no JSON object, a field of the wrong kind, a
// token with characters outside b64token (RFC 6750 section 2.1), a token type that is not Bearer,
// no lifetime, or one that is over. The error names the field and what is wrong with it, and holds
// no byte of the body.
absl::StatusOr<Grant> ParseTokenAnswer(std::string_view body, std::string_view date,
                                       const AnswerTimes& times);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_ANSWER_H_
