#ifndef CREDENTIAL_BROKER_CLI_CREDENTIAL_TABLE_H_
#define CREDENTIAL_BROKER_CLI_CREDENTIAL_TABLE_H_

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/broker_client.h"

namespace credential_broker::cli {

// A line for each credential under a line of headings, for people: times are told from `now`.
std::string CredentialTable(const std::vector<ListedCredential>& credentials, absl::Time now);

// {"credentials":[…]}, in protobuf's JSON form, on one line.
std::string CredentialJson(const std::vector<ListedCredential>& credentials);

// One of them as CredentialJson writes it, without a line feed.
std::string CredentialObject(const ListedCredential& credential);

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_CREDENTIAL_TABLE_H_
