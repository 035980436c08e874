#ifndef CREDENTIAL_BROKER_SANDBOX_GRANT_BODY_H_
#define CREDENTIAL_BROKER_SANDBOX_GRANT_BODY_H_

#include "sandbox/faults.h"
#include "sandbox/message.h"
#include "sandbox/session_book.h"

namespace credential_broker::sandbox {

// The answer that hands out `grant`, with the lifetime stated as `expiry` says and the body spoilt
// as `kind` says.
Reply GrantReply(const SandboxGrant& grant, Expiry expiry, BodyKind kind);

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_GRANT_BODY_H_
