#include <gmock/gmock.h>
#include <grpcpp/support/status_code_enum.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/run_binary.h"
#include "cli/tls_acceptor.h"
#include "cli_client/fake_broker.h"
#include "support/test_ca.h"
#include "support/test_folder.h"

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// `token print` with `more`, over plaintext to `broker`.
Outcome Print(const FakeBroker& broker, const std::vector<std::string>& more = {},
              const Environment& environment = {}) {
  std::vector<std::string> words = {"token", "print", "--plaintext", "--address", broker.address()};
  words.insert(words.end(), more.begin(), more.end());
  return RunBinary(words, environment);
}

TEST(TokenPrint, PrintsTheTokenAloneToStandardOutput) {
  const FakeBroker broker;
  const Outcome outcome = Print(broker);
  EXPECT_EQ(outcome.exit_code, kExitOk);
  EXPECT_EQ(outcome.out, "the-token\n");
  EXPECT_EQ(outcome.err, "");
}

TEST(TokenPrint, HasAllFourForms) {
  const FakeBroker broker;
  EXPECT_EQ(Print(broker, {"-o", "header"}).out, "Authorization: Bearer the-token\n");
  EXPECT_EQ(Print(broker, {"-o", "env"}).out, "export INVESTSUITE_ACCESS_TOKEN='the-token'\n");
  EXPECT_EQ(Print(broker, {"--output=value"}).out, "the-token\n");
  const auto json = nlohmann::json::parse(Print(broker, {"-o", "json"}).out);
  EXPECT_EQ(json["value"], "the-token");
  EXPECT_EQ(json["version"], "v-7");
  EXPECT_EQ(json["remainingValidity"], "240.500s");
}

TEST(TokenPrint, AsksForWhatTheFlagsSay) {
  const FakeBroker broker;
  Print(broker, {"--credential", "payments", "--min-validity", "1500ms", "--rejected-version",
                 "v-6", "--timeout", "5s"});
  ASSERT_EQ(broker.calls().size(), 1U);
  const FakeBroker::Call call = broker.calls().front();
  EXPECT_EQ(call.request.credential(), "payments");
  EXPECT_EQ(call.request.min_validity().seconds(), 1);
  EXPECT_EQ(call.request.min_validity().nanos(), 500'000'000);
  EXPECT_EQ(call.request.rejected_version(), "v-6");
  EXPECT_EQ(call.authorization, "");
  EXPECT_GT(call.time_left, absl::ZeroDuration());
  // gRPC rounds a timeout of some seconds up to 10 ms on the wire.
  EXPECT_LE(call.time_left, absl::Milliseconds(5010));
}

TEST(TokenPrint, TheEnvironmentNamesTheBroker) {
  const FakeBroker broker;
  const Outcome outcome = RunBinary(
      {"token", "print"},
      {{"CREDENTIAL_BROKER_ADDRESS", broker.address()}, {"CREDENTIAL_BROKER_PLAINTEXT", "true"}});
  EXPECT_EQ(outcome.out, "the-token\n");
  const Outcome bad = RunBinary({"token", "print"}, {{"CREDENTIAL_BROKER_TIMEOUT", "soon"}});
  EXPECT_EQ(bad.exit_code, kExitLocalError);
  EXPECT_THAT(bad.err, StartsWith("error: CREDENTIAL_BROKER_TIMEOUT: \"soon\" is no duration"));
}

TEST(TokenPrint, NeverGoesThroughAProxy) {
  const FakeBroker broker;
  const Outcome outcome = Print(broker, {},
                                {{"http_proxy", "http://127.0.0.1:1"},
                                 {"https_proxy", "http://127.0.0.1:1"},
                                 {"grpc_proxy", "http://127.0.0.1:1"}});
  EXPECT_EQ(outcome.out, "the-token\n");
}

TEST(TokenPrint, SendsTheBearerTokenOfAFileAndNeverShowsIt) {
  FakeBroker broker;
  const TestFolder folder;
  const std::string file = folder.Write("token", "canary.bearer\n");
  EXPECT_EQ(Print(broker, {"--bearer-token-file", file}).exit_code, kExitOk);
  EXPECT_EQ(broker.calls().front().authorization, "Bearer canary.bearer");
  broker.SetError(grpc::UNAUTHENTICATED, "the token is refused", "CALLER_UNAUTHENTICATED");
  const Outcome refused = Print(broker, {"--bearer-token-file", file});
  EXPECT_EQ(refused.exit_code, kExitNotAllowed);
  EXPECT_THAT(refused.err, Not(HasSubstr("canary")));
}

TEST(TokenPrint, OverAUnixSocketNeedsNoWordOfPlaintext) {
  const TestFolder folder;
  const FakeBroker broker({.listen = "unix:" + folder.Path("broker.sock")});
  EXPECT_EQ(RunBinary({"token", "print", "--address", broker.address()}).out, "the-token\n");
}

// Not every machine has ::1, but this is an IPv6 address of 127.0.0.1.
TEST(TokenPrint, OverIpv6) {
  const FakeBroker broker;
  const std::string address = StrCat("[::ffff:127.0.0.1]:", broker.port());
  EXPECT_EQ(RunBinary({"token", "print", "--plaintext", "--address", address}).out, "the-token\n");
}

TEST(TokenPrint, TellsReasonMessageAndHintOfAnError) {
  FakeBroker broker;
  broker.SetError(grpc::FAILED_PRECONDITION, "InvestSuite refuses the key", "CREDENTIAL_REJECTED");
  const Outcome outcome = Print(broker);
  EXPECT_EQ(outcome.exit_code, kExitBrokerError);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err,
              StartsWith("error: FAILED_PRECONDITION CREDENTIAL_REJECTED: InvestSuite refuses the "
                         "key\nhint: "));
}

TEST(TokenPrint, TellsWhenToTryAgain) {
  FakeBroker broker;
  broker.SetError(grpc::UNAVAILABLE, "no token yet", "TOKEN_NOT_READY", {},
                  absl::Milliseconds(1200));
  EXPECT_THAT(Print(broker).err, HasSubstr("; try again in 2s\n"));
}

TEST(TokenPrint, WhoMayNotHaveItEndsWithFour) {
  FakeBroker broker;
  broker.SetError(grpc::PERMISSION_DENIED, "not yours", "CALLER_NOT_ALLOWED");
  EXPECT_EQ(Print(broker).exit_code, kExitNotAllowed);
}

TEST(TokenPrint, NobodyThereNamesTheAddress) {
  std::string address;
  {
    const FakeBroker gone;
    address = gone.address();
  }
  const Outcome outcome = RunBinary({"token", "print", "--plaintext", "--address", address});
  EXPECT_EQ(outcome.exit_code, kExitBrokerError);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("error: UNAVAILABLE: " + address + ": "));
}

TEST(TokenPrint, ABrokerThatDoesNotAnswerIsGivenUp) {
  FakeBroker broker;
  broker.SetSilent();
  const Outcome outcome = Print(broker, {"--timeout", "50ms"});
  EXPECT_EQ(outcome.exit_code, kExitBrokerError);
  EXPECT_THAT(outcome.err, StartsWith("error: DEADLINE_EXCEEDED: " + broker.address()));
}

TEST(TokenPrint, ATokenThatCouldNotStandInAHeaderIsRefusedAndNotShown) {
  FakeBroker broker;
  for (const char* value : {"", "canary\r\nx-evil: 1", "canary'; rm -rf /", "canary \xC3\xA9"}) {
    auto token = ExampleToken();
    token.set_value(value);
    if (std::string(value).find('\xC3') != std::string::npos) {
      token.set_value("canary\"");
    }
    broker.SetToken(token);
    const Outcome outcome = Print(broker);
    EXPECT_EQ(outcome.exit_code, kExitBrokerError) << value;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, Not(HasSubstr("canary")));
  }
}

TEST(TokenPrint, RefusesToRunWhereGrpcWouldPrintTokens) {
  const FakeBroker broker;
  for (const Environment& environment :
       {Environment{{"GRPC_TRACE", "all"}}, Environment{{"GRPC_VERBOSITY", "DEBUG"}}}) {
    const Outcome outcome = Print(broker, {}, environment);
    EXPECT_EQ(outcome.exit_code, kExitLocalError);
    EXPECT_THAT(outcome.err, HasSubstr(environment.begin()->first));
  }
  EXPECT_THAT(broker.calls(), IsEmpty());
}

TEST(TokenPrint, AClosedStandardOutputNeverBecomesTheConnection) {
  const FakeBroker broker;
  const Outcome outcome =
      RunRedirected({"token", "print", "--plaintext", "--address", broker.address()}, ">&- <&-");
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_EQ(outcome.err, "error: cannot write to standard output: Bad file descriptor\n");
}

class TokenPrintTls : public ::testing::Test {
 protected:
  TokenPrintTls() {
    const PemIdentity server = ca_.Issue("IP:127.0.0.1");
    options_.cert_pem = server.certificate;
    options_.key_pem = server.key;
  }

  Outcome Print(const FakeBroker& broker, const std::vector<std::string>& more) {
    std::vector<std::string> words = {"token", "print", "--address", broker.address()};
    words.insert(words.end(), more.begin(), more.end());
    return RunBinary(words);
  }

  TestFolder folder_;
  TestCa ca_;
  const std::string ca_file_ = folder_.Write("ca.pem", ca_.pem());
  FakeBroker::Options options_;
};

TEST_F(TokenPrintTls, TrustsTheGivenAuthority) {
  const FakeBroker broker(options_);
  const Outcome outcome = Print(broker, {"--ca-file", ca_file_});
  EXPECT_EQ(outcome.out, "the-token\n") << outcome.err;
  EXPECT_EQ(outcome.err, "");
}

TEST_F(TokenPrintTls, DoesNotTrustAnother) {
  const FakeBroker broker(options_);
  const TestCa other;
  const Outcome outcome = Print(broker, {"--ca-file", folder_.Write("other.pem", other.pem())});
  EXPECT_EQ(outcome.exit_code, kExitBrokerError);
  EXPECT_THAT(outcome.err, HasSubstr("--ca-file"));
  EXPECT_THAT(broker.calls(), IsEmpty());
}

TEST_F(TokenPrintTls, WantsTheNameOfTheAddressOrTheOneGiven) {
  const PemIdentity server = ca_.Issue("DNS:broker.prod");
  options_.cert_pem = server.certificate;
  options_.key_pem = server.key;
  const FakeBroker broker(options_);
  const Outcome outcome = Print(broker, {"--ca-file", ca_file_});
  EXPECT_EQ(outcome.exit_code, kExitBrokerError);
  EXPECT_THAT(outcome.err, HasSubstr("--server-name")) << outcome.err;
  EXPECT_EQ(Print(broker, {"--ca-file", ca_file_, "--server-name", "broker.prod"}).out,
            "the-token\n");
}

TEST_F(TokenPrintTls, ShowsItsCertificate) {
  options_.client_ca_pem = ca_.pem();
  const FakeBroker broker(options_);
  const PemIdentity client = ca_.Issue("URI:spiffe://prod/ns/orders/sa/api");
  const Outcome outcome = Print(
      broker, {"--ca-file", ca_file_, "--cert-file", folder_.Write("cert.pem", client.certificate),
               "--key-file", folder_.Write("key.pem", client.key)});
  EXPECT_EQ(outcome.out, "the-token\n") << outcome.err;
}

TEST_F(TokenPrintTls, ARefusedClientCertificateEndsWithFour) {
  const TlsAcceptor broker(ca_.Issue("IP:127.0.0.1"), ca_file_);
  const Outcome none =
      RunBinary({"token", "print", "--address", broker.address(), "--ca-file", ca_file_});
  EXPECT_EQ(none.exit_code, kExitNotAllowed) << none.err;
  EXPECT_THAT(none.err, HasSubstr("--cert-file"));
}

TEST_F(TokenPrintTls, AFileThatIsNotThereIsALocalError) {
  const Outcome outcome = RunBinary({"token", "print", "--ca-file", folder_.Path("gone.pem")});
  EXPECT_EQ(outcome.exit_code, kExitLocalError);
  EXPECT_THAT(outcome.err, StartsWith("error: cannot read " + folder_.Path("gone.pem")));
}

TEST_F(TokenPrintTls, TlsToAPlaintextBrokerIsToldApart) {
  const FakeBroker broker;
  const Outcome outcome = Print(broker, {"--ca-file", ca_file_});
  EXPECT_EQ(outcome.exit_code, kExitBrokerError);
  EXPECT_THAT(outcome.err, HasSubstr("--plaintext"));
}

}  // namespace
}  // namespace credential_broker::cli
