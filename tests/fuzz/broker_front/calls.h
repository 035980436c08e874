#ifndef CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_CALLS_H_
#define CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_CALLS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/access_policy.h"

namespace credential_broker::service {

// What the clients of the fuzzer call, who they are, and what they may use.

inline constexpr std::array<std::string_view, 9> kPaths = {
    "/investsuite.credentialbroker.v1.CredentialBrokerService/GetToken",
    "/investsuite.credentialbroker.v1.CredentialBrokerService/WatchToken",
    "/investsuite.credentialbroker.v1.CredentialBrokerService/ListCredentials",
    "/investsuite.credentialbroker.v1.CredentialBrokerAdminService/RefreshCredential",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/investsuite.credentialbroker.v1.CredentialBrokerService/None"};
enum Method : std::uint8_t { kGetToken, kWatchToken, kListCredentials };

// Who calls: the user at the other end of the socket, or the account of the bearer token.
enum Caller : std::uint8_t { kUser, kAccountA, kAccountB, kNobody };
inline constexpr std::array<std::string_view, 6> kBearers = {"",    "a.a.a", "b.b.b",
                                                             "bad", "c.c.c", "\t"};
inline constexpr std::array<Caller, 6> kCallerOf = {kUser,   kAccountA, kAccountB,
                                                    kNobody, kAccountB, kNobody};
inline constexpr std::array<std::string_view, 2> kNames = {"default", "other"};

// Which policies let a caller use a credential: a bit for each policy of PolicyOf.
inline constexpr std::uint8_t kPolicies = 4;
constexpr std::uint8_t AllowedIn(Caller caller, std::size_t credential) {
  constexpr std::array<std::array<std::uint8_t, 2>, 3> kAllowed = {
      {{0b0101, 0b0110}, {0b0000, 0b0101}, {0b0110, 0b0100}}};
  return caller == kNobody ? 0 : kAllowed.at(caller).at(credential);
}

// One of kPolicies.
AccessPolicy PolicyOf(std::uint8_t number);

// The header block of a request. `manner`: its bits 0 and 1 choose a timeout, bit 7 another method
// of HTTP than POST. `bearer`: which of kBearers.
std::string HeaderBlock(std::uint8_t method, std::uint8_t bearer, std::uint8_t manner);

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_CALLS_H_
