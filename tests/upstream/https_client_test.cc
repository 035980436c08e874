#include "upstream/https_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include "support/test_folder.h"
#include "support/tls_server.h"
#include "upstream/system_roots.h"
#include "upstream/trusting_client.h"

namespace credential_broker::upstream {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Outcome = HttpResult::Outcome;

// Answers each request with the next of `answers`, the connection staying open; an empty answer
// closes it.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers)
      : answers_(std::move(answers)),
        server_(Ca().Issue("IP:127.0.0.1"), [this](TlsPeer& peer) { Serve(peer); }) {}

  std::string Url(std::string_view path = "/") const { return server_.Url(path); }
  int connections() const { return server_.connections(); }
  std::vector<std::string> requests() {
    std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }

 private:
  void Serve(TlsPeer& peer) {
    if (!peer.Handshake()) {
      return;
    }
    while (true) {
      const std::string request = peer.ReadRequest();
      if (request.empty()) {
        return;
      }
      std::string answer;
      {
        std::lock_guard<std::mutex> lock(mutex_);
        if (requests_.size() < answers_.size()) {
          answer = answers_[requests_.size()];
        }
        requests_.push_back(request);
      }
      if (answer.empty() || !peer.Write(answer)) {
        return;
      }
    }
  }

  const std::vector<std::string> answers_;
  std::mutex mutex_;
  std::vector<std::string> requests_;
  TlsServer server_;
};

HttpRequest Get(const std::string& url, Delivery delivery) {
  HttpRequest request;
  request.url = url;
  request.delivery = delivery;
  return request;
}

TEST(HttpsClient, PostsABodyAndReadsTheAnswer) {
  ScriptedServer server({TlsServer::Answer(
      201, R"({"a":1})",
      "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\nretry-after: 7\r\nContent-Type: text/x\r\n")});
  HttpRequest request;
  request.method = "POST";
  request.url = server.Url("/auth/login/");
  request.headers = {{"content-type", "application/json"}};
  request.body = R"({"k":"v"})";

  const HttpResult result = MakeHttpsClient(Trusting(Ca()))->Send(request);

  EXPECT_EQ(result.outcome, Outcome::kAnswered) << result.error;
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.status, 201);
  EXPECT_EQ(result.date, "Tue, 15 Nov 1994 08:12:31 GMT");
  EXPECT_EQ(result.retry_after, "7");
  EXPECT_EQ(result.content_type, "text/x");
  EXPECT_EQ(result.body.view(), R"({"a":1})");
  ASSERT_EQ(server.requests().size(), 1U);
  const std::string sent = server.requests()[0];
  EXPECT_THAT(sent, StartsWith("POST /auth/login/ HTTP/1.1\r\n"));
  EXPECT_THAT(sent, HasSubstr("\r\nUser-Agent: credential-broker/"));
  EXPECT_THAT(sent, HasSubstr("\r\ncontent-type: application/json\r\n"));
  EXPECT_THAT(sent, Not(HasSubstr("Expect")));
  EXPECT_THAT(sent, EndsWith("\r\n\r\n{\"k\":\"v\"}"));
}

TEST(HttpsClient, SendsOtherMethodsAndABearerToken) {
  ScriptedServer server({TlsServer::Answer(200, ""), TlsServer::Answer(200, ""),
                         TlsServer::Answer(200, ""), TlsServer::Answer(200, "")});
  const std::unique_ptr<HttpsClient> client = MakeHttpsClient(Trusting(Ca()));
  const Secret bearer("abc");
  for (const auto& [method, body] : {std::pair("PUT", "b"), std::pair("GET", ""),
                                     std::pair("DELETE", ""), std::pair("POST", "")}) {
    HttpRequest request = Get(server.Url("/x"), Delivery::kMayRepeat);
    request.method = method;
    request.body = body;
    request.bearer_token = &bearer;
    EXPECT_EQ(client->Send(request).outcome, Outcome::kAnswered);
  }
  EXPECT_THAT(server.requests(), ElementsAre(StartsWith("PUT /x "), StartsWith("GET /x "),
                                             StartsWith("DELETE /x "), StartsWith("POST /x ")));
  EXPECT_THAT(server.requests()[1], HasSubstr("\r\nauthorization: Bearer abc\r\n"));
  EXPECT_THAT(server.requests()[3], HasSubstr("\r\nContent-Length: 0\r\n"));
}

TEST(HttpsClient, TrustsTheSystemsRootsWithoutACaFile) {
  const SystemRoots roots(CaFile(Ca()));
  ScriptedServer server({TlsServer::Answer(200, "")});
  const HttpResult result = MakeHttpsClient({})->Send(Get(server.Url(), Delivery::kMayRepeat));
  EXPECT_EQ(result.status, 200) << result.error;
}

TEST(HttpsClient, TrustsACaFileAloneAndNotTheSystemsRootsBesideIt) {
  const SystemRoots roots(CaFile(Ca()));
  const TestCa other;
  ScriptedServer server({TlsServer::Answer(200, "")});
  const HttpResult result =
      MakeHttpsClient(Trusting(other))->Send(Get(server.Url(), Delivery::kMayRepeat));
  EXPECT_EQ(result.outcome, Outcome::kNotSent);
  EXPECT_THAT(result.error, HasSubstr("certificate is not accepted"));
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST(HttpsClient, NothingOfOneRequestIsLeftInTheNext) {
  ScriptedServer server(
      {TlsServer::Answer(429, "x", "Retry-After: 7\r\n"), TlsServer::Answer(200, "")});
  const std::unique_ptr<HttpsClient> client = MakeHttpsClient(Trusting(Ca()));
  HttpRequest first = Get(server.Url(), Delivery::kMayRepeat);
  first.method = "PUT";
  first.headers = {{"x-first", "1"}};
  first.body = "body";
  client->Send(first);

  const HttpResult second = client->Send(Get(server.Url(), Delivery::kMayRepeat));

  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.retry_after, "");
  EXPECT_THAT(second.body.view(), IsEmpty());
  EXPECT_THAT(server.requests()[1], StartsWith("GET "));
  EXPECT_THAT(server.requests()[1], Not(HasSubstr("x-first")));
  EXPECT_THAT(server.requests()[1], Not(HasSubstr("body")));
}

TEST(HttpsClient, TakesABodyOfExactlyTheLimit) {
  ScriptedServer server({TlsServer::Answer(200, std::string(65'536, 'x'))});
  const HttpResult result =
      MakeHttpsClient(Trusting(Ca()))->Send(Get(server.Url(), Delivery::kAtMostOnce));
  EXPECT_EQ(result.outcome, Outcome::kAnswered) << result.error;
  EXPECT_EQ(result.body.size(), 65'536U);
}

TEST(HttpsClient, TakesInterimAnswersChunksAndTrailers) {
  ScriptedServer server(
      {"HTTP/1.1 103 Early Hints\r\nRetry-After: 1\r\n\r\nHTTP/1.1 200 OK\r\n"
       "Transfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX: y\r\n\r\n"});
  const HttpResult result =
      MakeHttpsClient(Trusting(Ca()))->Send(Get(server.Url(), Delivery::kAtMostOnce));
  EXPECT_EQ(result.outcome, Outcome::kAnswered) << result.error;
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.retry_after, "");
  EXPECT_EQ(result.body.view(), "abc");
}

TEST(HttpsClient, DoesNotFollowARedirect) {
  ScriptedServer elsewhere({TlsServer::Answer(200, "")});
  ScriptedServer server({TlsServer::Answer(307, "", "Location: " + elsewhere.Url() + "\r\n")});
  HttpRequest request = Get(server.Url(), Delivery::kAtMostOnce);
  request.method = "POST";
  request.body = "secret";

  const HttpResult result = MakeHttpsClient(Trusting(Ca()))->Send(request);

  EXPECT_EQ(result.outcome, Outcome::kAnswered);
  EXPECT_EQ(result.status, 307);
  EXPECT_EQ(elsewhere.connections(), 0);
}

TEST(HttpsClient, RepeatableRequestsShareAConnection) {
  ScriptedServer server({TlsServer::Answer(200, "a"), TlsServer::Answer(200, "b")});
  const std::unique_ptr<HttpsClient> client = MakeHttpsClient(Trusting(Ca()));
  EXPECT_EQ(client->Send(Get(server.Url(), Delivery::kMayRepeat)).body.view(), "a");
  EXPECT_EQ(client->Send(Get(server.Url(), Delivery::kMayRepeat)).body.view(), "b");
  EXPECT_EQ(server.connections(), 1);
}

// Why kAtMostOnce exists: the second request was read by the server, and is sent again all the
// same.
TEST(HttpsClient, ARepeatableRequestIsSentAgainWhenItsUsedConnectionDies) {
  ScriptedServer server({TlsServer::Answer(200, "a"), "", TlsServer::Answer(200, "c")});
  const std::unique_ptr<HttpsClient> client = MakeHttpsClient(Trusting(Ca()));
  client->Send(Get(server.Url(), Delivery::kMayRepeat));
  EXPECT_EQ(client->Send(Get(server.Url(), Delivery::kMayRepeat)).body.view(), "c");
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST(HttpsClient, ARequestToBeSentAtMostOnceIsNotRepeatedAfterAnother) {
  ScriptedServer server({TlsServer::Answer(200, "a"), "", TlsServer::Answer(200, "c")});
  const std::unique_ptr<HttpsClient> client = MakeHttpsClient(Trusting(Ca()));
  client->Send(Get(server.Url(), Delivery::kMayRepeat));

  const HttpResult result = client->Send(Get(server.Url(), Delivery::kAtMostOnce));

  EXPECT_EQ(result.outcome, Outcome::kAmbiguous);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(HttpsClient, ARequestToBeSentAtMostOnceGoesOverAConnectionOfItsOwn) {
  ScriptedServer server({TlsServer::Answer(200, "a"), TlsServer::Answer(200, "b")});
  const std::unique_ptr<HttpsClient> client = MakeHttpsClient(Trusting(Ca()));
  client->Send(Get(server.Url(), Delivery::kMayRepeat));
  EXPECT_EQ(client->Send(Get(server.Url(), Delivery::kAtMostOnce)).body.view(), "b");
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpsClient, LeavesNoConnectionBehindARequestSentAtMostOnce) {
  ScriptedServer server({TlsServer::Answer(200, "a"), TlsServer::Answer(200, "b")});
  const std::unique_ptr<HttpsClient> client = MakeHttpsClient(Trusting(Ca()));
  client->Send(Get(server.Url(), Delivery::kAtMostOnce));
  client->Send(Get(server.Url(), Delivery::kMayRepeat));
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpsClient, ReadsItsCaFileAgain) {
  const TestCa next;
  const TestFolder folder;
  const std::string file = folder.Write("ca.pem", Ca().pem());
  const auto answer = [](TlsPeer& peer) {
    if (peer.Handshake() && !peer.ReadRequest().empty()) {
      peer.Write(TlsServer::Answer(200, ""));
    }
  };
  TlsServer before(Ca().Issue("IP:127.0.0.1"), answer);
  TlsServer after(next.Issue("IP:127.0.0.1"), answer);
  HttpsClientOptions options = Trusting(Ca());
  options.ca_file = file;
  const std::unique_ptr<HttpsClient> client = MakeHttpsClient(options);
  EXPECT_EQ(client->Send(Get(before.Url("/"), Delivery::kMayRepeat)).status, 200);
  EXPECT_EQ(client->Send(Get(after.Url("/"), Delivery::kMayRepeat)).outcome, Outcome::kNotSent);

  folder.Write("ca.pem", next.pem());
  EXPECT_EQ(client->Send(Get(after.Url("/"), Delivery::kMayRepeat)).status, 200);
  EXPECT_EQ(client->Send(Get(before.Url("/"), Delivery::kAtMostOnce)).outcome, Outcome::kNotSent);
}

// curl reads these; SSLKEYLOGFILE would write down the keys of every connection.
TEST(HttpsClient, HonoursNothingOfTheEnvironment) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // curl reads the environment once a process
  const TestFolder folder;
  const std::string key_log = folder.Path("tls-keys.log");
  ScriptedServer server({TlsServer::Answer(200, "a")});
  EXPECT_EXIT(
      {
        // NOLINTBEGIN(concurrency-mt-unsafe): nobody reads it yet
        setenv("SSLKEYLOGFILE", key_log.c_str(), 1);
        for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
          setenv(name, "http://127.0.0.1:1", 1);
        }
        // NOLINTEND(concurrency-mt-unsafe)
        const HttpResult result =
            MakeHttpsClient(Trusting(Ca()))->Send(Get(server.Url(), Delivery::kMayRepeat));
        std::_Exit(result.status == 200 ? 0 : 1);  // the server's threads still run
      },
      ::testing::ExitedWithCode(0), "");
  std::stringstream logged;
  logged << std::ifstream(key_log).rdbuf();
  EXPECT_EQ(logged.str(), "");
}

}  // namespace
}  // namespace credential_broker::upstream
