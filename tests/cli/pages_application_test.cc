#include "cli/pages_application.h"

#include <unistd.h>

#include <memory>
#include <string>

#include "base/strings.h"
#include "cli/run_binary.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "h2/server.h"
#include "support/test_folder.h"

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Answers everything with 418, for whoever is behind the pages.
class Teapot : public h2::Application {
 public:
  std::unique_ptr<h2::RequestHandler> OnRequest(h2::Stream& stream,
                                                h2::RequestHead /*head*/) override {
    const h2::HeaderView headers[] = {{":status", "418"}};
    stream.SendHeadersOnly(headers);
    return std::make_unique<Handler>();
  }

 private:
  class Handler : public h2::RequestHandler {
   public:
    void OnData(std::string_view /*bytes*/) override {}
    void OnEnd() override {}
    void OnDrained() override {}
  };
};

class PagesApplicationTest : public ::testing::Test {
 protected:
  void SetUp() override {
    h2::ServerOptions options;
    options.address = StrCat("unix:", socket_);
    options.loops = 1;
    auto server = h2::Server::Start(std::move(options), application_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // As a person on the machine types it.
  Outcome Curl(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--silent", "--include", "--max-time", "20",
                                         "--http2-prior-knowledge", "--unix-socket", socket_});
    return RunProgram("curl", arguments);
  }

  const TestFolder folder_;
  const std::string socket_ = folder_.Path("pages.sock");
  Teapot teapot_;
  PagesApplication application_{
      {{"/statusz", [] { return http::Text(200, std::string(100'000, 'x')); }}}, teapot_};
  std::unique_ptr<h2::Server> server_;
};

TEST_F(PagesApplicationTest, ServesAPageToCurl) {
  const Outcome page = Curl({"http://admin/statusz?x=1"});
  EXPECT_EQ(page.exit_code, 0) << page.err;
  EXPECT_THAT(page.out, StartsWith("HTTP/2 200"));
  EXPECT_THAT(page.out, HasSubstr("content-security-policy: default-src 'none'"));
  EXPECT_THAT(page.out, HasSubstr(std::string(100'000, 'x') + "\n"));
}

TEST_F(PagesApplicationTest, AnswersHead) {
  const Outcome head = Curl({"--head", "http://admin/statusz"});
  EXPECT_EQ(head.exit_code, 0) << head.err;
  EXPECT_THAT(head.out, HasSubstr("content-length: 100001"));
}

TEST_F(PagesApplicationTest, LeavesTheRestToWhatIsBehind) {
  EXPECT_THAT(Curl({"http://admin/other"}).out, StartsWith("HTTP/2 418"));
  EXPECT_THAT(Curl({"--request", "DELETE", "http://admin/statusz"}).out, StartsWith("HTTP/2 418"));
}

}  // namespace
}  // namespace credential_broker::cli
