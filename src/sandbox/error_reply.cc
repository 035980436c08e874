#include "sandbox/error_reply.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "sandbox/token_mint.h"

namespace credential_broker::sandbox {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 25> kTitles = {{
    {200, "OK"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Access Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Payload Too Large"},
    {422, "Unprocessable Entity"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

Reply JsonReply(int status, const nlohmann::ordered_json& body) {
  Reply reply;
  reply.status = status;
  reply.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return reply;
}

}  // namespace

std::string_view StatusTitle(int status) {
  const auto* const found = std::find_if(
      kTitles.begin(), kTitles.end(), [status](const auto& each) { return each.first == status; });
  return found == kTitles.end() ? "" : found->second;
}

Reply ValidationReply(int status, const std::vector<FieldError>& errors) {
  auto detail = nlohmann::ordered_json::array();
  for (const FieldError& error : errors) {
    auto loc = nlohmann::ordered_json::array({"body"});
    if (!error.field.empty()) {
      loc.push_back(error.field);
    }
    detail.push_back({{"loc", loc}, {"msg", error.message}, {"type", error.type}});
  }
  return JsonReply(status,
                   {{"title", StatusTitle(status)}, {"detail", detail}, {"status", status}});
}

Reply ErrorReply(int status, std::string_view description, absl::Time now) {
  return JsonReply(status,
                   {{"title", StatusTitle(status)},
                    {"description", description},
                    {"request_id", TokenMint::Opaque()},
                    {"timestamp", absl::FormatTime(absl::RFC3339_full, now, absl::UTCTimeZone())}});
}

Reply StatusReply(int status, absl::Time now) {
  if (status == 400 || status == 422) {
    return ValidationReply(status, {{"", "the request cannot be taken", "value_error"}});
  }
  Reply reply = ErrorReply(status, "answered with this status on demand", now);
  if (status >= 300 && status < 400) {
    reply.headers.emplace_back("Location", kRedirectPath);
  }
  return reply;
}

Reply ControlError(int status, std::string_view message) {
  return JsonReply(status, {{"error", message}});
}

}  // namespace credential_broker::sandbox
