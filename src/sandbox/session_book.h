#ifndef CREDENTIAL_BROKER_SANDBOX_SESSION_BOOK_H_
#define CREDENTIAL_BROKER_SANDBOX_SESSION_BOOK_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <variant>

#include "absl/time/time.h"
#include "base/clock.h"
#include "sandbox/faults.h"
#include "sandbox/token_mint.h"

namespace credential_broker::sandbox {

// What a login or a refresh gives.
struct SandboxGrant {
  std::string access_token;
  std::string refresh_token;
  absl::Duration lifetime;
  absl::Time expires;  // by the wall clock that InvestSuite would have
};

// Why a refresh token does not count.
enum class RefreshRefusal { kUnknown, kReused, kTooLate, kSessionEnded };

// One reading of the clocks. Lifetimes are kept by `boot`; `wall`, skew included, is only what
// tokens say.
struct Instant {
  BootTime boot;
  absl::Time wall;
};

// The sessions that InvestSuite would keep: a session is what one login starts and its refreshes
// prolong. What the pages leave unsaid is decided by the Faults of each call. A value without lock
// or clock.
class SessionBook {
 public:
  SandboxGrant Login(const Faults& faults, std::string subject, Instant now);

  // Notes that a caller spends `refresh_token`, whatever becomes of the request. True: it had spent
  // it before, and no answer that reached it has given it out again since.
  bool NoteSpent(const std::string& refresh_token);

  std::variant<SandboxGrant, RefreshRefusal> Refresh(const Faults& faults,
                                                     const std::string& refresh_token, Instant now);

  // The answer with this refresh token reached the caller.
  void NoteDelivered(const std::string& refresh_token);

  bool Accepts(const std::string& access_token, BootTime now) const;

  // Ends every session.
  void RevokeAll() { sessions_.clear(); }

 private:
  using SessionId = std::int64_t;  // 0: none

  struct Session {
    std::string subject;
    BootTime access_expires;  // of the newest access token
    std::string access_token;
  };
  struct AccessToken {
    SessionId session = 0;
    BootTime expires;
  };
  struct RefreshToken {
    SessionId session = 0;
    bool rotated_out = false;
    bool spent = false;
  };

  SandboxGrant Issue(const Faults& faults, SessionId id, std::string refresh_token, Instant now);
  RefreshToken& Remember(const std::string& refresh_token, SessionId session);

  TokenMint mint_;
  SessionId last_id_ = 0;
  std::map<SessionId, Session> sessions_;  // those that live
  std::map<std::string, AccessToken> access_tokens_;
  std::map<std::string, RefreshToken> refresh_tokens_;
  // The oldest first, so that a sandbox that runs for months forgets.
  std::deque<std::string> access_order_;
  std::deque<std::string> refresh_order_;
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_SESSION_BOOK_H_
