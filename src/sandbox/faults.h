#ifndef CREDENTIAL_BROKER_SANDBOX_FAULTS_H_
#define CREDENTIAL_BROKER_SANDBOX_FAULTS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace credential_broker::sandbox {

// How often a fault happens still.
struct Count {
  static constexpr int kAlways = -1;
  int left = 0;

  // Whether it happens now; if so, once less from here on.
  bool Take() {
    if (left > 0) {
      --left;
      return true;
    }
    return left == kAlways;
  }
};

// Where and how an answer states how long its token lives. The numbers and texts are seconds,
// except where an instant (seconds since 1970) is named.
enum class Expiry {
  kExpiresInString,
  kExpiresInNumber,
  kExpiresAtString,
  kExpiresAtNumber,
  kInstantNumber,       // expires_at
  kInstantString,       // expires_at
  kInstantInExpiresIn,  // a number
  kJwtOnly,             // no field; the JWT's exp
  kSeveralAtFirst,      // expires_in twice the lifetime, expires_at the instant
  kSeveralInFirst,      // expires_in the lifetime, expires_at an instant one lifetime later
  kSeveralJwtFirst,     // expires_in twice the lifetime, exp the lifetime
  kZero,
  kNegative,
  kMissing,  // no field, no exp
  kNull,
  kGarbage,
  kFraction,
  kOverflow,
  kIsoDate,
};

enum class TokenFormat { kJwt, kJwtWithoutExp, kOpaque, kLong };

// What stands in the body of a 200 in place of a proper grant. The grant itself was made.
enum class BodyKind {
  kNormal,
  kEmpty,
  kNotJson,
  kTruncatedJson,
  kHtml,
  kHuge,  // 200 KiB of valid JSON
  kWrongTypes,
  kArray,
  kNoToken,
  kNullToken,
  kEmptyToken,
  kBadToken,      // characters that are not in RFC 6750's b64token
  kControlToken,  // CR, LF and a header after them
  kInvalidUtf8,
  kDeep,  // 20,000 nested arrays
  kWrongContentType,
  kNoRefreshToken,
  kOtherTokenType,
  kCut,  // Content-Length is that of the whole, the connection ends halfway
};

// What becomes of a refresh token that was rotated out and is used again.
enum class RefreshReuse { kRevokeSession, kReject, kAccept };

enum class RetryAfterForm { kSeconds, kHttpDate, kGarbage };
enum class DateHeader { kNormal, kMissing, kGarbage };

// The faults of one operation. A count that runs out switches its fault off and returns to
// `always`.
struct OperationFaults {
  int status = 0;  // answered in place of acting; 0: none
  Count status_count{Count::kAlways};
  Count lose;  // acts, then closes the connection without an answer
  Count hang;  // neither acts nor answers until it is switched off or the caller leaves
  absl::Duration delay = absl::ZeroDuration();  // after acting; zero: Faults::delay
  BodyKind body = BodyKind::kNormal;            // login and refresh only
  Count body_count{Count::kAlways};
};

// Everything that InvestSuite's pages leave unsaid, and everything that can go wrong, as switches.
// The defaults are the strictest reading of the pages, and no fault.
struct Faults {
  absl::Duration lifetime = absl::Seconds(300);
  Expiry expiry = Expiry::kExpiresInString;
  TokenFormat token_format = TokenFormat::kJwt;

  bool revoke_old_access_token = true;
  bool rotate_refresh_token = true;
  RefreshReuse refresh_reuse = RefreshReuse::kRevokeSession;
  bool refresh_within_lifetime = true;
  bool one_session = false;  // a login ends the sessions before it

  int unauthenticated_status = 403;
  int refused_login_status = 401;
  int refused_refresh_status = 401;

  absl::Duration clock_skew = absl::ZeroDuration();  // of Date, exp, iat and every instant
  DateHeader date_header = DateHeader::kNormal;

  absl::Duration delay = absl::ZeroDuration();
  absl::Duration drip = absl::ZeroDuration();  // between two bytes of an answer
  bool keep_alive = true;                      // false: one request a connection

  bool act_before_status = false;  // a forced status comes after acting
  std::optional<absl::Duration> retry_after;
  RetryAfterForm retry_after_form = RetryAfterForm::kSeconds;

  // Connections that are reset at accept, before TLS. While any is to come, a request on a
  // connection that is open already is cut off too, unless it is for /sandbox/.
  Count refuse_connections;
  absl::Duration refuse_for =
      absl::ZeroDuration();  // the same, for so long from the moment it is set

  OperationFaults login;
  OperationFaults refresh;
  OperationFaults users;
};

enum class FaultKind { kSwitch, kNumber, kCount, kDuration, kChoice };

// One switch, as a command line needs it.
struct FaultFlag {
  std::string name;  // as in JSON: "login_status"
  FaultKind kind = FaultKind::kSwitch;
  std::string help;
  std::vector<std::string> choices;  // of a kChoice
  std::string default_value;

  // "--login-status"
  std::string OptionName() const;
};

// Every switch, in the order in which it is best told to people.
const std::vector<FaultFlag>& FaultFlags();

// "login_status" for "login-status": what a switch is called in JSON.
std::string CanonicalFaultName(std::string_view name);

// Sets the switch `name`, written with `_` or `-`, from text: true | false; a number; a number of
// times or "always"; "250ms", "5s" or a number of seconds; a choice. INVALID_ARGUMENT names the
// switch and what it takes, or the nearest known name; then `faults` is as it was.
absl::Status SetFault(Faults& faults, std::string_view name, std::string_view value);

// The value of a switch, as SetFault takes it. Empty for a name that is unknown.
std::string FormatFault(const Faults& faults, std::string_view name);

// All switches as a JSON object.
std::string FaultsToJson(const Faults& faults);

// Sets the switches that a JSON object names: all of them or, on an error as of SetFault, none.
// Returns their canonical names.
absl::StatusOr<std::vector<std::string>> UpdateFaults(Faults& faults, std::string_view json);

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_FAULTS_H_
