#ifndef CREDENTIAL_BROKER_SERVICE_ACCESS_TOKEN_H_
#define CREDENTIAL_BROKER_SERVICE_ACCESS_TOKEN_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "core/credential_state.h"
#include "core/token.h"
#include "investsuite/credentialbroker/v1/credential_broker.pb.h"

namespace credential_broker::service {

namespace api = ::investsuite::credentialbroker::v1;

// Fills `message` with `token` as it stood at `now`, a moment ago by `clock`: at which it was found
// usable, so that no message tells of less life than that takes, however long a thread was kept
// from writing it. Instants are told by the wall clock of this moment, so that a clock that was set
// since the token came is no matter.
void FillAccessToken(const Token& token, BootTime now, const Clock& clock,
                     api::AccessToken& message);

api::Credential ToProto(const CredentialStatus& status);

// Milliseconds are kept, finer parts dropped: two answers about one token look the same.
google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);

// Fails with INVALID_REQUEST, naming `field`, where `message` is no valid google.protobuf.Duration
// or is negative.
absl::StatusOr<absl::Duration> NonNegativeDuration(const google::protobuf::Duration& message,
                                                   std::string_view field);

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_ACCESS_TOKEN_H_
