#include "cli/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;

Setting<std::string> ByFlag(const std::string& text) { return {text, Origin::kFlag}; }
Setting<std::string> ByEnvironment(const std::string& text) { return {text, Origin::kEnvironment}; }

TEST(TargetOf, NamesTheSchemeSoThatNoHostIsTakenForOne) {
  EXPECT_EQ(*TargetOf("127.0.0.1:8443"), "dns:///127.0.0.1:8443");
  EXPECT_EQ(*TargetOf("localhost:8443"), "dns:///localhost:8443");
  EXPECT_EQ(*TargetOf("broker.prod.svc:443"), "dns:///broker.prod.svc:443");
  EXPECT_EQ(*TargetOf("[::1]:8443"), "ipv6:%5B::1%5D:8443");
  EXPECT_EQ(*TargetOf("unix:/run/broker.sock"), "unix:/run/broker.sock");
}

TEST(TargetOf, RefusesAllElse) {
  for (const char* address :
       {"", "localhost", "localhost:", ":8443", "localhost:0", "localhost:65536", "localhost:http",
        "::1:8443", "[::1]", "[::1", "[x]:1", "[]:1", "unix:", "http://x:1", "a b:1", "x:-1",
        "x:+1", "dns:///x:1", "x:99999999999999999999"}) {
    const auto target = TargetOf(address);
    EXPECT_FALSE(target.ok()) << address << " became " << *target;
    EXPECT_THAT(std::string(target.status().message()), HasSubstr("127.0.0.1:8443"));
  }
}

TEST(Settle, IsTlsWithTheSystemsAuthoritiesUnlessToldOtherwise) {
  const auto endpoint = Settle({});
  ASSERT_TRUE(endpoint.ok());
  EXPECT_EQ(endpoint->address, "127.0.0.1:8443");
  EXPECT_FALSE(endpoint->plaintext);
  EXPECT_EQ(endpoint->ca_file, "");
}

TEST(Settle, IsPlaintextOnlyWhereSaidSoOrOnAUnixSocket) {
  EXPECT_TRUE(Settle({.plaintext = {true, Origin::kFlag}})->plaintext);
  EXPECT_TRUE(Settle({.plaintext = {true, Origin::kEnvironment}})->plaintext);
  EXPECT_TRUE(Settle({.address = ByFlag("unix:/x")})->plaintext);
  EXPECT_FALSE(Settle({.address = ByFlag("localhost:1")})->plaintext);
}

TEST(Settle, OnAUnixSocketOnlyATlsFlagAsksForTls) {
  EXPECT_TRUE(Settle({.address = ByFlag("unix:/x"), .ca_file = ByEnvironment("ca")})->plaintext);
  const auto endpoint = Settle({.address = ByFlag("unix:/x"), .ca_file = ByFlag("ca")});
  EXPECT_FALSE(endpoint->plaintext);
  EXPECT_EQ(endpoint->ca_file, "ca");
  EXPECT_FALSE(
      Settle({.address = ByFlag("unix:/x"), .plaintext = {false, Origin::kFlag}})->plaintext);
}

TEST(Settle, PlaintextBesideTlsFlagsIsAContradiction) {
  const auto endpoint = Settle({.plaintext = {true, Origin::kFlag}, .ca_file = ByFlag("ca")});
  EXPECT_THAT(std::string(endpoint.status().message()), HasSubstr("--plaintext contradicts"));
}

TEST(Settle, AFlagBeatsTheEnvironmentInEitherDirection) {
  const auto plaintext =
      Settle({.plaintext = {true, Origin::kFlag}, .ca_file = ByEnvironment("ca")});
  ASSERT_TRUE(plaintext.ok());
  EXPECT_TRUE(plaintext->plaintext);
  const auto tls = Settle({.plaintext = {true, Origin::kEnvironment}, .ca_file = ByFlag("ca")});
  ASSERT_TRUE(tls.ok());
  EXPECT_FALSE(tls->plaintext);
  EXPECT_EQ(tls->ca_file, "ca");
}

TEST(Settle, ACertificateAndItsKeyGoTogether) {
  EXPECT_THAT(std::string(Settle({.cert_file = ByFlag("c")}).status().message()),
              HasSubstr("--key-file"));
  EXPECT_THAT(std::string(Settle({.key_file = ByFlag("k")}).status().message()),
              HasSubstr("--cert-file"));
  EXPECT_TRUE(Settle({.cert_file = ByFlag("c"), .key_file = ByEnvironment("k")}).ok());
}

TEST(AddConnectionOptions, EveryFlagHasItsVariable) {
  ConnectionOptions options;
  Command command = {.name = "x"};
  AddConnectionOptions(command, options);
  std::vector<std::string> flags;
  for (const Option& option : command.options) {
    std::string variable = "CREDENTIAL_BROKER_";
    for (char c : option.LongName().substr(2)) {
      variable += c == '-' ? '_' : static_cast<char>(std::toupper(c));
    }
    EXPECT_EQ(option.environment, variable);
    flags.emplace_back(option.LongName());
  }
  EXPECT_THAT(flags, ::testing::IsSupersetOf({"--address", "--ca-file", "--cert-file", "--key-file",
                                              "--plaintext", "--bearer-token-file", "--timeout"}));
}

}  // namespace
}  // namespace credential_broker::cli
