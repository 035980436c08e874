// How the client tells "surely not sent" from "ambiguous", against servers that break at every
// step.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "support/tls_server.h"
#include "upstream/hanging_name_server.h"
#include "upstream/https_client.h"
#include "upstream/trusting_client.h"

namespace credential_broker::upstream {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Outcome = HttpResult::Outcome;

constexpr char kCanary[] = "canary-0f9e8d7c6b5a";

const PemIdentity& Loopback() {
  static const PemIdentity identity = Ca().Issue("IP:127.0.0.1");
  return identity;
}

HttpRequest CanaryPost(const std::string& url, const Secret& bearer) {
  HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.body = kCanary;
  request.bearer_token = &bearer;
  return request;
}

struct Breakage {
  const char* name;
  TlsServer::Script script;
  Outcome outcome;
  int status = 0;
  const char* error = "";  // part of the message
  absl::Duration connect_timeout = absl::Seconds(20);
  absl::Duration request_timeout = absl::Seconds(20);
};

void PrintTo(const Breakage& breakage, std::ostream* out) { *out << breakage.name; }

// A server that takes the request and then does `rest`.
TlsServer::Script AfterRequest(std::function<void(TlsPeer&, const std::string&)> rest) {
  return [rest = std::move(rest)](TlsPeer& peer) {
    if (peer.Handshake()) {
      rest(peer, peer.ReadRequest());
    }
  };
}

TlsServer::Script AnswerThenLeave(std::string answer) {
  return AfterRequest(
      [answer = std::move(answer)](TlsPeer& peer, const std::string&) { peer.Write(answer); });
}

std::vector<Breakage> Breakages() {
  return {
      {.name = "ClosesAfterAccept", .script = [](TlsPeer&) {}, .outcome = Outcome::kNotSent},
      {.name = "ResetsAfterAccept",
       .script = [](TlsPeer& peer) { peer.Reset(); },
       .outcome = Outcome::kNotSent},
      {.name = "ClosesInsideTls",
       .script = [](TlsPeer& peer) { peer.WriteUnencrypted("\x16\x03\x03"); },
       .outcome = Outcome::kNotSent},
      {.name = "SpeaksNoTls",
       .script =
           [](TlsPeer& peer) {
             peer.WriteUnencrypted("HTTP/1.1 400 Bad Request\r\n\r\n");
             peer.AwaitLeave();
           },
       .outcome = Outcome::kNotSent},
      {.name = "HangsInsideTls",
       .script = [](TlsPeer& peer) { peer.AwaitLeave(); },
       .outcome = Outcome::kNotSent,
       .error = "no connection within 100ms",
       .connect_timeout = absl::Milliseconds(100)},
      {.name = "HangsInsideTlsBeyondTheWholeTime",
       .script = [](TlsPeer& peer) { peer.AwaitLeave(); },
       .outcome = Outcome::kNotSent,
       .error = "no connection within 100ms",
       .request_timeout = absl::Milliseconds(100)},
      {.name = "ClosesAfterHandshake",
       .script = [](TlsPeer& peer) { peer.Handshake(); },
       .outcome = Outcome::kAmbiguous},
      {.name = "ClosesAfterReading", .script = AnswerThenLeave(""), .outcome = Outcome::kAmbiguous},
      {.name = "ResetsAfterReading",
       .script = AfterRequest([](TlsPeer& peer, const std::string&) { peer.Reset(); }),
       .outcome = Outcome::kAmbiguous},
      {.name = "HangsAfterReading",
       .script = AfterRequest([](TlsPeer& peer, const std::string&) { peer.AwaitLeave(); }),
       .outcome = Outcome::kAmbiguous,
       .error = "no whole answer within 1s",
       .request_timeout = absl::Seconds(1)},
      {.name = "DripsForEver",
       .script = AfterRequest([](TlsPeer& peer, const std::string&) {
         peer.Write("HTTP/1.1 200 OK\r\n\r\n");
         while (peer.Write("x") && !peer.PeerLeavesWithin(absl::Milliseconds(5))) {
         }
       }),
       .outcome = Outcome::kAmbiguous,
       .status = 200,
       .error = "no whole answer within 1s",
       .request_timeout = absl::Seconds(1)},
      {.name = "BreaksOffInTheHead",
       .script = AnswerThenLeave("HTTP/1.1 200 OK\r\nContent-Le"),
       .outcome = Outcome::kAmbiguous,
       .status = 200},
      {.name = "BreaksOffInTheBody",
       .script = AnswerThenLeave("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"acc"),
       .outcome = Outcome::kAmbiguous,
       .status = 200},
      {.name = "BreaksOffInAChunk",
       .script = AnswerThenLeave("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
       .outcome = Outcome::kAmbiguous,
       .status = 200},
      {.name = "RefusesAndBreaksOffInTheBody",
       .script = AnswerThenLeave("HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\n{\"acc"),
       .outcome = Outcome::kAmbiguous,
       .status = 401},
      {.name = "SpeaksNoHttp",
       .script = AfterRequest([](TlsPeer& peer, const std::string& request) {
         peer.Write(request + "\r\n\r\n");  // the canary too
       }),
       .outcome = Outcome::kAmbiguous},
      {.name = "PromisesALongerBody",
       .script = AnswerThenLeave(TlsServer::Answer(200, std::string(65'537, 'x'))),
       .outcome = Outcome::kAmbiguous,
       .status = 200,
       .error = "body is larger than 65536 bytes"},
      {.name = "SendsABodyWithoutEnd",
       .script = AfterRequest([](TlsPeer& peer, const std::string&) {
         peer.Write("HTTP/1.1 200 OK\r\n\r\n");
         while (peer.Write(std::string(4096, 'x'))) {
         }
       }),
       .outcome = Outcome::kAmbiguous,
       .status = 200,
       .error = "body is larger than 65536 bytes"},
      {.name = "SendsHeadersWithoutEnd",
       .script = AfterRequest([](TlsPeer& peer, const std::string&) {
         peer.Write("HTTP/1.1 200 OK\r\n");
         while (peer.Write("X-A: " + std::string(1000, 'x') + "\r\n")) {
         }
       }),
       .outcome = Outcome::kAmbiguous,
       .status = 200,
       .error = "headers are larger than 16384 bytes"},
      {.name = "OnlyEverContinues",
       .script = AfterRequest([](TlsPeer& peer, const std::string&) {
         while (peer.Write("HTTP/1.1 100 Continue\r\n\r\n")) {
         }
       }),
       .outcome = Outcome::kAmbiguous,
       .error = "headers are larger than 16384 bytes"},
  };
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): misled by copies of std::function

class BrokenServer : public ::testing::TestWithParam<Breakage> {};

TEST_P(BrokenServer, IsClassifiedByWhetherTheRequestMayHaveLeft) {
  const Breakage& breakage = GetParam();
  TlsServer server(Loopback(), breakage.script);
  HttpsClientOptions options = Trusting(Ca());
  options.connect_timeout = breakage.connect_timeout;
  options.request_timeout = breakage.request_timeout;
  const Secret bearer{kCanary};

  const HttpResult result = MakeHttpsClient(options)->Send(CanaryPost(server.Url("/x"), bearer));

  EXPECT_EQ(result.outcome, breakage.outcome) << result.error;
  EXPECT_EQ(result.status, breakage.status);
  EXPECT_THAT(result.error, HasSubstr(breakage.error));
  EXPECT_NE(result.error, "");
  EXPECT_THAT(result.error, Not(HasSubstr(kCanary)));
  EXPECT_EQ(server.connections(), 1) << "the request was repeated";
}

INSTANTIATE_TEST_SUITE_P(Each, BrokenServer, ::testing::ValuesIn(Breakages()),
                         [](const auto& row) { return std::string(row.param.name); });

// A server that must not get as far as a request.
class UntouchedServer {
 public:
  explicit UntouchedServer(const PemIdentity& identity)
      : server_(identity, [this](TlsPeer& peer) {
          if (peer.Handshake() && !peer.ReadRequest().empty()) {
            requests_++;
          }
        }) {}

  HttpResult Send(const HttpsClientOptions& options, const std::string& url) {
    const Secret bearer{kCanary};
    HttpResult result = MakeHttpsClient(options)->Send(CanaryPost(url, bearer));
    EXPECT_EQ(result.outcome, Outcome::kNotSent);
    EXPECT_EQ(requests_, 0);
    EXPECT_THAT(result.error, Not(HasSubstr(kCanary)));
    return result;
  }

  std::string Url() const { return server_.Url("/"); }

 private:
  std::atomic<int> requests_{0};
  TlsServer server_;
};

TEST(HttpsClientRefuses, ACertificateOfAnotherHost) {
  UntouchedServer server(Ca().Issue("DNS:elsewhere.example"));
  EXPECT_THAT(server.Send(Trusting(Ca()), server.Url()).error,
              HasSubstr("certificate is not accepted"));
}

TEST(HttpsClientRefuses, ACertificateOfAnUntrustedCa) {
  const TestCa other;
  UntouchedServer server(Loopback());
  EXPECT_THAT(server.Send(Trusting(other), server.Url()).error, HasSubstr("ca_file"));
}

TEST(HttpsClientRefuses, AThrowAwayCaWhereTheSystemsRootsCount) {
  UntouchedServer server(Loopback());
  EXPECT_THAT(server.Send({}, server.Url()).error, HasSubstr("certificate is not accepted"));
}

TEST(HttpsClientRefuses, ACaFileThatIsNotThere) {
  UntouchedServer server(Loopback());
  HttpsClientOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  EXPECT_THAT(server.Send(options, server.Url()).error, HasSubstr("/nonexistent/ca.pem"));
}

TEST(HttpsClientRefuses, AClientCertificateThatIsNotThere) {
  UntouchedServer server(Loopback());
  HttpsClientOptions options = Trusting(Ca());
  options.cert_file = "/nonexistent/tls.crt";
  options.key_file = "/nonexistent/tls.key";
  EXPECT_THAT(server.Send(options, server.Url()).error, HasSubstr("check cert_file"));
}

TEST(HttpsClientRefuses, PlainHttp) {
  UntouchedServer server(Loopback());
  std::string url = server.Url();
  url.replace(0, std::strlen("https"), "http");
  EXPECT_THAT(server.Send(Trusting(Ca()), url).error, HasSubstr("only https"));
}

TEST(HttpsClientRefuses, OtherProtocols) {
  UntouchedServer server(Loopback());
  EXPECT_THAT(server.Send(Trusting(Ca()), "file:///etc/passwd").error, HasSubstr("only https"));
}

TEST(HttpsClientRefuses, AUserNameInTheUrl) {
  UntouchedServer server(Loopback());
  std::string url = server.Url();
  url.insert(std::strlen("https://"), "user:password@");
  const std::string error = server.Send(Trusting(Ca()), url).error;
  EXPECT_THAT(error, HasSubstr("user name"));
  EXPECT_THAT(error, Not(HasSubstr("password")));
}

TEST(HttpsClientRefuses, AHeaderThatHidesAnother) {
  UntouchedServer server(Loopback());
  const Secret bearer{"x\r\nx-admin: yes"};
  const HttpResult result = MakeHttpsClient(Trusting(Ca()))->Send(CanaryPost(server.Url(), bearer));
  EXPECT_EQ(result.outcome, Outcome::kNotSent);
  EXPECT_THAT(result.error, HasSubstr("control character"));
}

TEST(HttpsClientRefuses, AUrlThatIsNone) {
  UntouchedServer server(Loopback());
  server.Send(Trusting(Ca()), "");
  server.Send(Trusting(Ca()), "https://");
  server.Send(Trusting(Ca()), "https://127.0.0.1:99999/");
}

TEST(HttpsClient, AnUnknownHostIsNotSent) {
  UntouchedServer server(Loopback());
  EXPECT_THAT(server.Send(Trusting(Ca()), "https://unknown.test/").error,
              HasSubstr("host name is unknown"));
}

TEST(HttpsClient, APortWithoutListenerIsNotSent) {
  std::string url;
  {
    const TlsServer gone(Loopback(), [](TlsPeer&) {});
    url = gone.Url("/");
  }
  const Secret bearer{kCanary};
  const HttpResult result = MakeHttpsClient(Trusting(Ca()))->Send(CanaryPost(url, bearer));
  EXPECT_EQ(result.outcome, Outcome::kNotSent);
  EXPECT_THAT(result.error, HasSubstr("connect"));
}

TEST(HttpsClient, AHangingNameServerHoldsNoLongerThanTheConnectTimeout) {
  const auto names = std::make_shared<HangingNameServer>();
  SetHangingNameServer(names);
  HttpsClientOptions options = Trusting(Ca());
  options.connect_timeout = absl::Milliseconds(100);
  const Secret bearer{kCanary};

  const auto start = std::chrono::steady_clock::now();
  const HttpResult result =
      MakeHttpsClient(options)->Send(CanaryPost("https://hanging.test/", bearer));

  EXPECT_EQ(result.outcome, Outcome::kNotSent);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  names->released.set_value();
}

}  // namespace
}  // namespace credential_broker::upstream
