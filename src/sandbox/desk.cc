#include "sandbox/desk.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/strings.h"
#include "sandbox/error_reply.h"
#include "sandbox/grant_body.h"

namespace credential_broker::sandbox {
namespace {

// A field of a JSON object that must be a text.
std::optional<std::string> TextField(const nlohmann::json& object, const char* name) {
  const auto field = object.find(name);
  if (field == object.end() || !field->is_string()) {
    return std::nullopt;
  }
  return field->get<std::string>();
}

Outcome Malformed(Reply reply) {
  return {"malformed", std::move(reply), {Counter::kMalformed}, ""};
}

Outcome NotJson() {
  return Malformed(
      ValidationReply(400, {{"", "a JSON object is expected", "value_error.jsondecode"}}));
}

// 422 for those of the fields that are not there or no texts.
Outcome BadFields(const nlohmann::json& object, const std::vector<const char*>& names) {
  std::vector<FieldError> errors;
  for (const char* name : names) {
    if (!object.contains(name)) {
      errors.push_back({name, "field required", "value_error.missing"});
    } else if (!TextField(object, name).has_value()) {
      errors.push_back({name, "str type expected", "type_error.str"});
    }
  }
  return Malformed(ValidationReply(422, errors));
}

Outcome Rejected(int status, std::string_view description, Counter counter, Instant now) {
  return {"rejected", ErrorReply(status, description, now.wall), {counter}, ""};
}

std::string_view Describe(RefreshRefusal refusal) {
  switch (refusal) {
    case RefreshRefusal::kUnknown:
      return "the refresh token is not known";
    case RefreshRefusal::kReused:
      return "the refresh token was used before";
    case RefreshRefusal::kTooLate:
      return "the access token has expired";
    case RefreshRefusal::kSessionEnded:
      return "the session has ended";
  }
  return "";
}

// What a fault puts in place of its value so many times: the value, or none when it is off. A count
// that runs out switches it off.
template <typename Value>
std::optional<Value> TakeCounted(Value& value, Count& count, Value off) {
  if (value == off || !count.Take()) {
    return std::nullopt;
  }
  const Value taken = value;
  if (count.left == 0) {
    value = off;
    count.left = Count::kAlways;
  }
  return taken;
}

}  // namespace

std::string HttpDate(absl::Time time) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", time, absl::UTCTimeZone());
}

Desk::Desk(SandboxKeys keys, Faults faults) : keys_(std::move(keys)), faults_(faults) {}

OperationFaults& Desk::FaultsOf(Operation operation) {
  switch (operation) {
    case Operation::kLogin:
      return faults_.login;
    case Operation::kRefresh:
      return faults_.refresh;
    case Operation::kUsers:
      break;
  }
  return faults_.users;
}

bool Desk::NoteArrival(Operation operation, const Request& request) {
  if (operation != Operation::kRefresh) {
    return false;
  }
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  const auto token = body.is_object() ? TextField(body, "refresh_token") : std::nullopt;
  return token.has_value() && book_.NoteSpent(*token);
}

Outcome Desk::Answer(Operation operation, const Request& request, Instant now) {
  OperationFaults& faults = FaultsOf(operation);
  Outcome outcome;
  if (const auto status = TakeCounted(faults.status, faults.status_count, 0); status.has_value()) {
    if (faults_.act_before_status) {
      outcome = Act(operation, request, now);
    }
    outcome.name = "forced";
    outcome.reply = Forced(*status, now);
    outcome.refresh_token.clear();
    outcome.counted.push_back(Counter::kForced);
  } else {
    outcome = Act(operation, request, now);
  }
  if (faults.lose.Take()) {
    outcome.reply.delivery = Delivery::kLost;
  }
  if (outcome.reply.delivery != Delivery::kWhole) {
    outcome.name = "lost";
    outcome.refresh_token.clear();
    outcome.counted.push_back(Counter::kLost);
  }
  outcome.reply.drip = faults_.drip;
  return outcome;
}

Outcome Desk::Act(Operation operation, const Request& request, Instant now) {
  switch (operation) {
    case Operation::kLogin:
      return Login(request, now);
    case Operation::kRefresh:
      return Refresh(request, now);
    case Operation::kUsers:
      break;
  }
  return Users(request, now);
}

Outcome Desk::Login(const Request& request, Instant now) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (!body.is_object()) {
    return NotJson();
  }
  const bool by_name = body.contains("username") || body.contains("password");
  const char* const id_field = by_name ? "username" : "access_key_id";
  const char* const secret_field = by_name ? "password" : "secret_access_key";
  const auto id = TextField(body, id_field);
  const auto secret = TextField(body, secret_field);
  if (!id.has_value() || !secret.has_value()) {
    return BadFields(body, {id_field, secret_field});
  }
  const std::string& good_id = by_name ? keys_.username : keys_.access_key_id;
  const std::string& good_secret = by_name ? keys_.password : keys_.secret_access_key;
  if (good_id.empty() || *id != good_id || *secret != good_secret) {
    return Rejected(faults_.refused_login_status, "the credentials are not known",
                    Counter::kRejectedLogins, now);
  }
  return Granted(book_.Login(faults_, *id, now), faults_.login, Counter::kLogins);
}

Outcome Desk::Refresh(const Request& request, Instant now) {
  const auto body = nlohmann::json::parse(request.body, nullptr, false);
  if (!body.is_object()) {
    return NotJson();
  }
  const auto token = TextField(body, "refresh_token");
  if (!token.has_value()) {
    return BadFields(body, {"refresh_token"});
  }
  const auto result = book_.Refresh(faults_, *token, now);
  if (const auto* refusal = std::get_if<RefreshRefusal>(&result)) {
    return Rejected(faults_.refused_refresh_status, Describe(*refusal), Counter::kRejectedRefreshes,
                    now);
  }
  return Granted(std::get<SandboxGrant>(result), faults_.refresh, Counter::kRefreshes);
}

Outcome Desk::Users(const Request& request, Instant now) {
  absl::string_view token = request.authorization;
  if (!absl::ConsumePrefix(&token, "Bearer ") ||
      !book_.Accepts({token.data(), token.size()}, now.boot)) {
    return Rejected(faults_.unauthenticated_status, "a valid access token is needed",
                    Counter::kRejectedUsers, now);
  }
  Outcome outcome{"served", {}, {Counter::kUsers}, ""};
  outcome.reply.body = R"([{"id":"U01","first_name":"Ada","last_name":"Lovelace"},)"
                       R"({"id":"U02","first_name":"Benjamin","last_name":"Graham"}])";
  return outcome;
}

Outcome Desk::Granted(const SandboxGrant& grant, OperationFaults& faults, Counter counter) const {
  const auto kind = TakeCounted(faults.body, faults.body_count, BodyKind::kNormal);
  Outcome outcome{"granted",
                  GrantReply(grant, faults_.expiry, kind.value_or(BodyKind::kNormal)),
                  {counter},
                  grant.refresh_token};
  if (kind.has_value()) {
    outcome.name = "garbled";
    outcome.counted.push_back(Counter::kGarbled);
    outcome.refresh_token.clear();
  }
  return outcome;
}

Reply Desk::Forced(int status, Instant now) const {
  Reply reply = StatusReply(status, now.wall);
  if (!faults_.retry_after.has_value()) {
    return reply;
  }
  switch (faults_.retry_after_form) {
    case RetryAfterForm::kSeconds:
      reply.headers.emplace_back("Retry-After",
                                 absl::StrCat(absl::ToInt64Seconds(*faults_.retry_after)));
      break;
    case RetryAfterForm::kHttpDate:
      reply.headers.emplace_back("Retry-After", HttpDate(now.wall + *faults_.retry_after));
      break;
    case RetryAfterForm::kGarbage:
      reply.headers.emplace_back("Retry-After", "in a while");
      break;
  }
  return reply;
}

}  // namespace credential_broker::sandbox
