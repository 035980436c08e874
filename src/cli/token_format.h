#ifndef CREDENTIAL_BROKER_CLI_TOKEN_FORMAT_H_
#define CREDENTIAL_BROKER_CLI_TOKEN_FORMAT_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "cli/broker_client.h"

namespace credential_broker::cli {

// Name of the variable that carries a token unless the caller names another.
inline constexpr char kTokenVariable[] = "INVESTSUITE_ACCESS_TOKEN";

// The names of the formats below.
const std::vector<std::string>& TokenFormats();

// `token` as one line:
//   value   the token alone
//   header  Authorization: Bearer TOKEN
//   json    every field of the API's AccessToken, in protobuf's JSON form (as grpcurl shows it)
//   env     export INVESTSUITE_ACCESS_TOKEN='TOKEN', to be evaluated by a POSIX shell
// `format` is one of them.
Secret FormatToken(const FetchedToken& token, std::string_view format);

// `text` as a JSON string, in quotes. What is no UTF-8 is replaced.
std::string JsonString(const std::string& text);

// RFC 3339 in UTC, to the second where it is whole.
std::string Rfc3339(absl::Time time);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_TOKEN_FORMAT_H_
