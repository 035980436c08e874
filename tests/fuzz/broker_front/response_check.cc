#include "broker_front/response_check.h"

#include <algorithm>
#include <cstddef>

#include "broker_front/answer_reader.h"
#include "broker_front/calls.h"

namespace credential_broker::service {
namespace {

namespace api = ::investsuite::credentialbroker::v1;

std::uint8_t BitOf(std::uint8_t policy) { return static_cast<std::uint8_t>(1U << policy); }

bool MayUse(const OpenStream& stream, std::string_view credential, std::uint8_t policies = 0xff) {
  Require(credential == kNames[0] || credential == kNames[1], "there are two credentials");
  const std::size_t number = credential == kNames[0] ? 0 : 1;
  return (AllowedIn(stream.caller, number) & stream.policies & policies) != 0;
}

}  // namespace

void ResponseCheck::OnToken(const std::string& version, std::uint8_t policy) {
  tokens_[version] = BitOf(policy);
}

void ResponseCheck::OnPolicy(std::uint8_t policy) {
  for (auto& [version, policies] : tokens_) {
    policies |= BitOf(policy);
  }
}

void ResponseCheck::Check(const OpenStream& stream, std::string_view message) const {
  const std::string bytes(message);
  if (stream.method == kGetToken) {
    api::GetTokenResponse response;
    Require(response.ParseFromString(bytes) && response.has_token(), "a response has a token");
    CheckToken(stream, response.token());
  } else if (stream.method == kWatchToken) {
    api::WatchTokenResponse response;
    Require(response.ParseFromString(bytes), "a message of a watch is one");
    Require(MayUse(stream, response.credential().name()),
            "a watch shows a credential to a caller that may use it");
    if (response.has_token()) {
      CheckToken(stream, response.token());
    }
  } else if (stream.method == kListCredentials) {
    api::ListCredentialsResponse response;
    Require(response.ParseFromString(bytes), "a list of credentials is one");
    for (const api::Credential& credential : response.credentials()) {
      Require(MayUse(stream, credential.name()),
              "a list shows the credentials that its caller may use");
    }
  }
}

void ResponseCheck::CheckToken(const OpenStream& stream, const api::AccessToken& token) const {
  const auto known = tokens_.find(token.version());
  Require(known != tokens_.end() && token.value() == "token-" + token.version(),
          "a token is one of the store");
  const std::string name = token.version().substr(0, token.version().find('-'));
  Require(MayUse(stream, name, known->second), "a token goes to a caller that may use it");
  Require(token.remaining_validity().seconds() >= 0 && token.remaining_validity().nanos() >= 0,
          "a token has not expired");
  Require(std::any_of(audit_.issued.begin(), audit_.issued.end(),
                      [&](const RecordedAudit::Issued& issued) {
                        return issued.version == token.version() && issued.credential == name &&
                               !issued.principal.empty();
                      }),
          "a token that is sent is in the audit log");
}

}  // namespace credential_broker::service
