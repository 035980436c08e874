// What a connection sends in one burst is read in parts, with the other connections in between. The
// loop waits inside a handler until all have sent: the order of events is the same in every run.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "h2/server.h"
#include "h2/test_application.h"
#include "support/test_ca.h"

namespace credential_broker::h2 {
namespace {

std::string LargePath() { return "/" + std::string(100, 'p'); }

// HEADERS of a whole request for LargePath, as HPACK literals.
std::string LargeRequest(std::uint32_t stream) {
  return H2Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, stream,
                 "\x83\x86\x04" + std::string(1, static_cast<char>(LargePath().size())) +
                     LargePath() + "\x01\x01" + "b");
}

class ReadTurnTest : public ::testing::TestWithParam<bool> {
 protected:
  ReadTurnTest()
      : application_([this](Stream& stream, const RequestHead& head) {
          if (head.path == "/hold") {
            held_.Notify();
            EXPECT_TRUE(all_have_sent_.Await());
          }
          {
            MutexLock lock(mutex_);
            paths_.push_back(head.path);
          }
          stream.SendHeadersOnly(OkHeaders());
          served_.Notify();
          return Script();
        }) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.loops = 1;
    if (GetParam()) {
      const PemIdentity leaf = ca_.Issue("DNS:localhost");
      options.tls = TlsIdentity{leaf.certificate, Secret(leaf.key), ""};
    }
    auto server = Server::Start(std::move(options), application_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // A client that has been served.
  std::unique_ptr<H2Client> Client() {
    H2ClientOptions options;
    options.address = server_->address();
    if (GetParam()) {
      options.tls.emplace();
    }
    auto client = H2Client::Connect(options);
    EXPECT_TRUE(client.ok()) << client.status();
    EXPECT_EQ((*client)->Call("/").Get(":status"), "200");
    return *std::move(client);
  }

  std::vector<std::string> paths() {
    MutexLock lock(mutex_);
    return paths_;
  }

  TestCa ca_;
  Mutex mutex_;
  std::vector<std::string> paths_ ABSL_GUARDED_BY(mutex_);
  Signal held_;
  Signal all_have_sent_;
  Signal served_;
  ScriptedApplication application_;
  std::unique_ptr<Server> server_;
};

INSTANTIATE_TEST_SUITE_P(PlainAndTls, ReadTurnTest, ::testing::Bool());

TEST_P(ReadTurnTest, AConnectionThatSendsMuchAtOnceIsReadInPartsBetweenTheOthers) {
  constexpr int kRequests = 90;
  const auto holder = Client();
  const auto large = Client();
  const auto first = Client();
  const auto second = Client();
  holder->Request("/hold", true);
  holder->Flush();
  ASSERT_TRUE(held_.Await());
  // The order in which a loop takes sockets that are ready is not ours: one before, one after.
  const std::int32_t before = first->Request("/small", true);
  first->Flush();
  std::string requests;
  for (int i = 0; i < kRequests; ++i) {
    requests += LargeRequest(static_cast<std::uint32_t>(3 + 2 * i));
  }
  ASSERT_TRUE(large->bytes().Write(requests));
  const std::int32_t after = second->Request("/small", true);
  second->Flush();
  all_have_sent_.Notify();
  EXPECT_TRUE(first->AwaitAnswer(before));
  EXPECT_TRUE(second->AwaitAnswer(after));
  ASSERT_TRUE(served_.Await(4 + 3 + kRequests));
  int large_before_small = 0;
  int large_requests = 0;
  for (const std::string& path : paths()) {
    if (path == LargePath()) {
      ++large_requests;
    } else if (path == "/small") {
      large_before_small = large_requests;
    }
  }
  EXPECT_EQ(large_requests, kRequests);
  EXPECT_LT(large_before_small, kRequests / 2);
}

}  // namespace
}  // namespace credential_broker::h2
