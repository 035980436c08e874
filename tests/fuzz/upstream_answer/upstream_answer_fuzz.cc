// An answer of the upstream: its Date header on the first line, its body after. Read as a grant and
// as an error.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "upstream/answer.h"
#include "upstream/error_answer.h"

namespace {

using credential_broker::AttemptFailure;
using credential_broker::BootTime;
using credential_broker::Grant;

void Require(bool held) {
  if (!held) {
    std::abort();
  }
}

void ReadAsGrant(std::string_view date, std::string_view body) {
  const credential_broker::upstream::AnswerTimes times{
      .sent_at = BootTime::FromSinceBoot(absl::Seconds(1000)),
      .received_at = BootTime::FromSinceBoot(absl::Seconds(1001)),
      .sent_wall = absl::FromUnixSeconds(1'700'000'000)};
  const absl::StatusOr<Grant> grant =
      credential_broker::upstream::ParseTokenAnswer(body, date, times);
  if (!grant.ok()) {
    Require(grant.status().code() == absl::StatusCode::kInvalidArgument);
    // Names of fields and kinds of flaws are short; what is longer would quote the body.
    Require(grant.status().message().size() < 120);
    return;
  }
  const std::string_view token = grant->access_token.Reveal();
  Require(!token.empty());
  for (const char c : token) {
    Require(c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != ',');
  }
  Require(grant->token_type == "Bearer");
  Require(grant->lifetime > absl::Seconds(1) && grant->lifetime < absl::Hours(24 * 366 * 4000));
  Require(grant->expires_at == times.sent_at + grant->lifetime);
}

void ReadAsError(std::string_view first_line, std::string_view body) {
  credential_broker::upstream::HttpResult answer;
  answer.status = 429;
  answer.date = first_line;
  answer.retry_after = first_line;
  answer.body.Append(body);
  const AttemptFailure failure =
      credential_broker::upstream::ReadErrorAnswer(answer, absl::FromUnixSeconds(1'700'000'000));
  Require(failure.request_id.size() <= 64);
  Require(!failure.retry_after.has_value() || (*failure.retry_after >= absl::ZeroDuration() &&
                                               *failure.retry_after <= absl::Hours(24)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t end = input.find('\n');
  const std::string_view first_line = input.substr(0, end);
  const std::string_view body =
      end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
  ReadAsGrant(first_line, body);
  ReadAsError(first_line, body);
  return 0;
}
