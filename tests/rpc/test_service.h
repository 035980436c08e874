#ifndef CREDENTIAL_BROKER_TESTS_RPC_TEST_SERVICE_H_
#define CREDENTIAL_BROKER_TESTS_RPC_TEST_SERVICE_H_

#include <string>
#include <string_view>

namespace google::protobuf {
class ServiceDescriptor;
}

namespace credential_broker::rpc {

// The service test.Kinds with a method of each kind: One, Down (server streaming), Up (client
// streaming), Both.
const google::protobuf::ServiceDescriptor& TestService();

// `message` behind a 5-byte prefix with these flags.
std::string Frame(std::string_view message, char flags = 0);

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_TESTS_RPC_TEST_SERVICE_H_
