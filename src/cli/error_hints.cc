#include "cli/error_hints.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/strings.h"
#include "cli/duration.h"
#include "cli/output.h"

namespace credential_broker::cli {
namespace {

using Hints = std::vector<std::pair<std::string_view, std::string_view>>;

std::string HintForReason(const RpcError& error) {
  static const Hints hints = {
      {"TOKEN_NOT_READY",
       "the broker has not logged in yet; `credential-broker credentials list` shows its state"},
      {"UPSTREAM_UNAVAILABLE", "InvestSuite does not answer; the broker keeps trying"},
      {"UPSTREAM_RATE_LIMITED",
       "InvestSuite limits the broker; the broker waits, then tries again"},
      {"REFRESH_COOLDOWN", "the broker has only just obtained this token anew"},
      {"SHUTTING_DOWN", "the broker is stopping; another replica may answer"},
      {"CREDENTIAL_REJECTED",
       "InvestSuite refuses the access key; put a valid one into the files that the broker's "
       "configuration names"},
      {"CREDENTIAL_NOT_FOUND", "`credential-broker credentials list` names those you may use"},
      {"CALLER_NOT_ALLOWED",
       "no `allow` rule of the broker's configuration gives you this credential"},
      {"CALLER_UNAUTHENTICATED",
       "say who you are: --cert-file and --key-file, or --bearer-token-file"},
      {"CALLER_RATE_LIMITED", "you call too often; keep the token until it expires"},
  };
  if (error.reason == "MIN_VALIDITY_TOO_LONG") {
    const auto longest = error.metadata.find("max_min_validity_seconds");
    return longest == error.metadata.end()
               ? "ask for a shorter --min-validity"
               : StrCat("the longest --min-validity is ", Printable(longest->second), "s");
  }
  for (const auto& [reason, hint] : hints) {
    if (reason == error.reason) {
      return std::string(hint);
    }
  }
  return "";
}

std::string HintForUnreachable(const RpcError& error) {
  // In the words of OpenSSL and BoringSSL, as gRPC passes them on.
  static const Hints hints = {
      {"wrong version number", "no TLS is spoken there; --plaintext goes without"},
      {"certificate verify failed",
       "the broker's certificate is not trusted; --ca-file names the authority that signed it"},
      {"is not in peer certificate",
       "the broker's certificate has another name; --server-name says which to expect"},
  };
  if (error.client_certificate_refused) {
    return "the broker wants a client certificate that it trusts: --cert-file and --key-file";
  }
  std::string message = absl::AsciiStrToLower(error.message);
  std::replace(message.begin(), message.end(), '_', ' ');
  for (const auto& [part, hint] : hints) {
    if (absl::StrContains(message, ToAbsl(part))) {
      return std::string(hint);
    }
  }
  return "is the broker running there, and TLS on both sides or on neither? --address, --plaintext";
}

std::string HintForCode(const RpcError& error) {
  switch (error.code) {
    case absl::StatusCode::kUnavailable:
      return HintForUnreachable(error);
    case absl::StatusCode::kDeadlineExceeded:
      return "no answer in time; --timeout waits longer";
    case absl::StatusCode::kUnimplemented:
      return "what answers there is no credential-broker, or one of another version";
    default:
      return "";
  }
}

}  // namespace

std::string HintFor(const RpcError& error) {
  std::string hint = error.reason.empty() ? HintForCode(error) : HintForReason(error);
  if (error.retry_after) {
    // Rounded up: sooner would be too soon.
    const absl::Duration wait = absl::Ceil(*error.retry_after, absl::Seconds(1));
    hint += StrCat(hint.empty() ? "" : "; ", "try again in ", ShortDuration(wait));
  }
  return hint;
}

}  // namespace credential_broker::cli
