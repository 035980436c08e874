#include "upstream/error_answer.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "upstream/http_date.h"
#include "upstream/json_fields.h"

namespace credential_broker::upstream {
namespace {

constexpr std::size_t kLongestRequestId = 64;

FailureKind KindOf(int status) {
  if (status == 401 || status == 403) {
    return FailureKind::kUnauthorized;
  }
  if (status == 429) {
    return FailureKind::kRateLimited;
  }
  if (status >= 400 && status < 500) {
    return FailureKind::kClientError;
  }
  if (status >= 500 && status < 600) {
    return FailureKind::kServerError;
  }
  return FailureKind::kAmbiguous;
}

std::string_view Meaning(int status) {
  if (status >= 300 && status < 400) {
    return "a redirect, which is not followed: set base_url to where it leads";
  }
  switch (KindOf(status)) {
    case FailureKind::kUnauthorized:
      return "InvestSuite refuses what it was shown";
    case FailureKind::kRateLimited:
      return "too many requests";
    case FailureKind::kClientError:
      return status == 404 ? "no such place: check base_url" : "InvestSuite refuses the request";
    case FailureKind::kServerError:
      return "InvestSuite is in trouble";
    default:
      return "no status that InvestSuite's API has: check base_url";
  }
}

bool IsPlain(std::string_view id) {
  return id.size() <= kLongestRequestId && std::all_of(id.begin(), id.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' || c == ':';
         });
}

std::string RequestId(std::string_view body) {
  JsonField id;
  if (!ReadJsonFields(body, {{"request_id", &id}}).ok() || !IsPlain(id.text.Reveal())) {
    return "";
  }
  return std::string(id.text.Reveal());
}

}  // namespace

AttemptFailure ReadErrorAnswer(const HttpResult& answer, absl::Time wall_now) {
  return {.kind = KindOf(answer.status),
          .message = StrCat("HTTP status ", answer.status, ": ", Meaning(answer.status)),
          .http_status = answer.status,
          .retry_after =
              ParseRetryAfter(answer.retry_after, ParseHttpDate(answer.date).value_or(wall_now)),
          .request_id = RequestId(answer.body.view())};
}

}  // namespace credential_broker::upstream
