#include "sandbox/grant_body.h"

#include <cmath>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"

namespace credential_broker::sandbox {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kHugeSize = std::size_t{200} * 1024;
constexpr std::size_t kDepth = 20000;

// A whole number of seconds as such: 300, not 300.0.
Json Number(absl::Duration duration) {
  const double seconds = absl::ToDoubleSeconds(duration);
  return seconds == std::floor(seconds) ? Json(absl::ToInt64Seconds(duration)) : Json(seconds);
}

std::string Text(absl::Duration duration) { return absl::StrCat(absl::ToDoubleSeconds(duration)); }

void AddExpiry(Json& body, Expiry expiry, const SandboxGrant& grant) {
  const auto instant = absl::ToUnixSeconds(grant.expires);
  switch (expiry) {
    case Expiry::kExpiresInString:
      body["expires_in"] = Text(grant.lifetime);
      return;
    case Expiry::kExpiresInNumber:
      body["expires_in"] = Number(grant.lifetime);
      return;
    case Expiry::kExpiresAtString:
      body["expires_at"] = Text(grant.lifetime);
      return;
    case Expiry::kExpiresAtNumber:
      body["expires_at"] = Number(grant.lifetime);
      return;
    case Expiry::kInstantNumber:
      body["expires_at"] = instant;
      return;
    case Expiry::kInstantString:
      body["expires_at"] = absl::StrCat(instant);
      return;
    case Expiry::kInstantInExpiresIn:
      body["expires_in"] = instant;
      return;
    case Expiry::kSeveralAtFirst:
      body["expires_in"] = Text(2 * grant.lifetime);
      body["expires_at"] = instant;
      return;
    case Expiry::kSeveralInFirst:
      body["expires_in"] = Text(grant.lifetime);
      body["expires_at"] = absl::ToUnixSeconds(grant.expires + grant.lifetime);
      return;
    case Expiry::kSeveralJwtFirst:
      body["expires_in"] = Text(2 * grant.lifetime);
      return;
    case Expiry::kZero:
      body["expires_in"] = "0";
      return;
    case Expiry::kNegative:
      body["expires_in"] = "-1";
      return;
    case Expiry::kNull:
      body["expires_in"] = nullptr;
      return;
    case Expiry::kGarbage:
      body["expires_in"] = "soon";
      return;
    case Expiry::kFraction:
      body["expires_in"] = absl::ToDoubleSeconds(grant.lifetime) + 0.5;
      return;
    case Expiry::kOverflow:
      body["expires_in"] = "99999999999999999999";
      return;
    case Expiry::kIsoDate:
      body["expires_at"] = absl::FormatTime(absl::RFC3339_sec, grant.expires, absl::UTCTimeZone());
      return;
    case Expiry::kJwtOnly:
    case Expiry::kMissing:
      return;
  }
}

// Spoils what the JSON object holds.
void SpoilFields(Json& body, BodyKind kind) {
  switch (kind) {
    case BodyKind::kWrongTypes:
      body["access_token"] = 42;
      body["refresh_token"] = Json::array({true});
      body["token_type"] = Json::object();
      return;
    case BodyKind::kNoToken:
      body.erase("access_token");
      return;
    case BodyKind::kNullToken:
      body["access_token"] = nullptr;
      return;
    case BodyKind::kEmptyToken:
      body["access_token"] = "";
      return;
    case BodyKind::kBadToken:
      body["access_token"] = "not a token: \"é\"";
      return;
    case BodyKind::kControlToken:
      body["access_token"] = "token\r\nx-injected: yes";
      return;
    case BodyKind::kNoRefreshToken:
      body.erase("refresh_token");
      return;
    case BodyKind::kOtherTokenType:
      body["token_type"] = "mac";
      return;
    default:
      return;
  }
}

// Spoils the answer as bytes.
void SpoilBytes(Reply& reply, BodyKind kind) {
  switch (kind) {
    case BodyKind::kEmpty:
      reply.body.clear();
      return;
    case BodyKind::kNotJson:
      reply.body = "it works, really";
      return;
    case BodyKind::kTruncatedJson:
      reply.body.resize(reply.body.size() / 2);
      return;
    case BodyKind::kHtml:
      reply.body = "<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>";
      reply.content_type = "text/html; charset=utf-8";
      return;
    case BodyKind::kHuge:
      reply.body.insert(reply.body.size() - 1, kHugeSize, ' ');
      return;
    case BodyKind::kArray:
      reply.body = absl::StrCat("[", reply.body, "]");
      return;
    case BodyKind::kInvalidUtf8:
      reply.body.replace(reply.body.find(R"("access_token":")") + 16, 2, "\xff\xc0");
      return;
    case BodyKind::kDeep:
      reply.body = std::string(kDepth, '[') + std::string(kDepth, ']');
      return;
    case BodyKind::kWrongContentType:
      reply.content_type = "text/plain";
      return;
    case BodyKind::kCut:
      reply.delivery = Delivery::kCut;
      return;
    default:
      return;
  }
}

}  // namespace

Reply GrantReply(const SandboxGrant& grant, Expiry expiry, BodyKind kind) {
  Json body = {{"access_token", grant.access_token}, {"token_type", "Bearer"}};
  AddExpiry(body, expiry, grant);
  body["refresh_token"] = grant.refresh_token;
  SpoilFields(body, kind);
  Reply reply;
  reply.body = body.dump();
  SpoilBytes(reply, kind);
  return reply;
}

}  // namespace credential_broker::sandbox
