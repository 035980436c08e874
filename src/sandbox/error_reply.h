#ifndef CREDENTIAL_BROKER_SANDBOX_ERROR_REPLY_H_
#define CREDENTIAL_BROKER_SANDBOX_ERROR_REPLY_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "sandbox/message.h"

namespace credential_broker::sandbox {

// What is wrong with one field of a request.
struct FieldError {
  std::string field;
  std::string message;
  std::string type;
};

// {title, detail[{loc, msg, type}], status}: InvestSuite's 400 and 422.
Reply ValidationReply(int status, const std::vector<FieldError>& errors);

// {title, description, request_id, timestamp}: InvestSuite's other errors.
Reply ErrorReply(int status, std::string_view description, absl::Time now);

// Any status as InvestSuite would answer it, redirects with a Location.
Reply StatusReply(int status, absl::Time now);

// "Not Found". Empty for a status without a name.
std::string_view StatusTitle(int status);

// An error of this sandbox's own endpoints: {"error": message}.
Reply ControlError(int status, std::string_view message);

// Where a forced redirect leads.
inline constexpr char kRedirectPath[] = "/redirected/";

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_ERROR_REPLY_H_
