#ifndef CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_RESPONSE_CHECK_H_
#define CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_RESPONSE_CHECK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "broker_front/fuzz_client.h"
#include "investsuite/credentialbroker/v1/credential_broker.pb.h"
#include "service/fakes.h"

namespace credential_broker::service {

// Checks that clients receive what they may: tokens of the store that have not expired, of
// credentials that a policy lets them use, each in the audit log. Ends the process otherwise.
class ResponseCheck {
 public:
  explicit ResponseCheck(const RecordedAudit& audit) : audit_(audit) {}

  // The store has a new token, while that policy of PolicyOf is in force.
  void OnToken(const std::string& version, std::uint8_t policy);
  // That policy is in force now.
  void OnPolicy(std::uint8_t policy);
  // A message of a response on `stream`.
  void Check(const OpenStream& stream, std::string_view message) const;

 private:
  void CheckToken(const OpenStream& stream,
                  const investsuite::credentialbroker::v1::AccessToken& token) const;

  const RecordedAudit& audit_;
  // By version, all tokens there have been: a bit for each policy that has been in force since.
  std::map<std::string, std::uint8_t, std::less<>> tokens_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_RESPONSE_CHECK_H_
