#ifndef CREDENTIAL_BROKER_CORE_UPSTREAM_SESSION_H_
#define CREDENTIAL_BROKER_CORE_UPSTREAM_SESSION_H_

#include <optional>
#include <string>
#include <variant>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/secret.h"

namespace credential_broker {

// What InvestSuite granted in one answer to a login or a refresh.
struct Grant {
  Secret access_token;
  Secret refresh_token;    // empty where the answer had none
  std::string token_type;  // "Bearer"
  // End of life, counted from before the request was sent, and bounded by the JWT's `exp` corrected
  // by the answer's Date.
  BootTime expires_at;
  // From the instant before the request was sent to expires_at. Positive.
  absl::Duration lifetime;
};

// How an attempt failed, as far as the refresh machine must know.
enum class FailureKind {
  kNotSent,       // DNS, connect or TLS failed: the request surely did not reach InvestSuite
  kAmbiguous,     // time-out, reset or unusable answer after sending: InvestSuite may have acted
  kServerError,   // 5xx
  kRateLimited,   // 429
  kUnauthorized,  // 401 or 403
  kClientError,   // any other 4xx
  kNoKey,         // the key files cannot be read: nothing was sent
  kCancelled,     // Cancel() was called
};

struct AttemptFailure {
  FailureKind kind = FailureKind::kAmbiguous;
  std::string message;  // for people: what failed, where, what to do; no secret, no body
  int http_status = 0;  // 0: no answer
  std::optional<absl::Duration> retry_after;
  std::string request_id;  // InvestSuite's, where the answer named one
};

using AttemptResult = std::variant<Grant, AttemptFailure>;

// InvestSuite's two calls for one credential. Login and Refresh block, bounded by the configured
// request time-out, and are never called at the same time, but each on another thread; Cancel is
// called from any.
class UpstreamSession {
 public:
  virtual ~UpstreamSession() = default;

  // Logs in with the key that its files hold now.
  virtual AttemptResult Login() = 0;

  // Spends `refresh_token`: whatever the outcome but kNotSent, it must not be used again.
  virtual AttemptResult Refresh(const Secret& refresh_token) = 0;

  // Ends a call in flight and every later one with kCancelled, soon.
  virtual void Cancel() = 0;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_UPSTREAM_SESSION_H_
