// What only shows on a real connection: deadlines on a real timer, and windows that are full.

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "gtest/gtest.h"
#include "h2/server.h"
#include "rpc/call.h"
#include "rpc/grpc_application.h"
#include "rpc/test_service.h"
#include "support/h2_client.h"

namespace credential_broker::rpc {
namespace {

constexpr std::uint32_t kNoError = 0;
constexpr std::uint32_t kResetByCancel = 8;

// "send N" sends a message of N bytes, "finish" ends the call; all else is echoed.
class Obedient : public CallHandler {
 public:
  explicit Obedient(Call& call) : call_(call) {}
  void OnMessage(std::string_view message) override {
    if (message == "finish") {
      call_.FinishOk();
    } else if (message.starts_with("send ")) {
      call_.SendMessage(std::string(std::stoul(std::string(message.substr(5))), 'x'));
    } else {
      call_.SendMessage(std::string(message));
    }
  }
  void OnHalfClose() override { call_.FinishOk(); }

 private:
  Call& call_;
};

class Silent : public CallHandler {
 public:
  void OnMessage(std::string_view) override {}
  void OnHalfClose() override {}
};

class Wire : public testing::Test {
 protected:
  void SetUp() override {
    router_.Add(TestService(), "Both", [](Call& call) { return std::make_unique<Obedient>(call); },
                {.max_message = 4 << 20});
    router_.Add(TestService(), "One", [](Call&) { return std::make_unique<Silent>(); });
    h2::ServerOptions options;
    options.address = "127.0.0.1:0";
    options.loops = 1;
    auto server = h2::Server::Start(std::move(options), application_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<H2Client> Connect(H2ClientOptions options = {}) {
    options.address = server_->address();
    auto client = H2Client::Connect(options);
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  static std::int32_t Open(H2Client& client, const std::string& method,
                           const std::string& timeout = "") {
    std::vector<H2Field> headers = {{"content-type", "application/grpc"}, {"te", "trailers"}};
    if (!timeout.empty()) {
      headers.push_back({"grpc-timeout", timeout});
    }
    return client.Request("/test.Kinds/" + method, false, headers);
  }

  // Opens a call with a deadline of 50 ms that sends `data` in the same bytes as its headers: they
  // reach the server together, so that the deadline cannot pass in between.
  static std::int32_t OpenBriefly(H2Client& client, const std::string& method,
                                  const std::string& data, bool end) {
    std::string body = data;
    nghttp2_data_provider provider{};
    provider.source.ptr = &body;
    provider.read_callback = end ? &ReadAll<true> : &ReadAll<false>;
    const std::string path = "/test.Kinds/" + method;
    const auto field = [](std::string_view name, std::string_view value) {
      return nghttp2_nv{reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                        reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())),
                        name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
    };
    const std::array fields = {field(":method", "POST"),
                               field(":scheme", "http"),
                               field(":path", path),
                               field(":authority", "test"),
                               field("te", "trailers"),
                               field("grpc-timeout", "50m"),
                               field("content-type", "application/grpc")};
    const std::int32_t stream = nghttp2_submit_request(client.session(), nullptr, fields.data(),
                                                       fields.size(), &provider, nullptr);
    std::string bytes;
    const std::uint8_t* part = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(client.session(), &part)) > 0;) {
      bytes.append(reinterpret_cast<const char*>(part), static_cast<std::size_t>(size));
    }
    EXPECT_TRUE(client.bytes().Write(bytes));
    return stream;
  }

  // Reads the std::string of `source`, once.
  template <bool kEnd>
  static ssize_t ReadAll(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t size,
                         std::uint32_t* flags, nghttp2_data_source* source, void*) {
    const std::string& body = *static_cast<std::string*>(source->ptr);
    EXPECT_LE(body.size(), size);
    *flags |= NGHTTP2_DATA_FLAG_EOF | (kEnd ? 0 : NGHTTP2_DATA_FLAG_NO_END_STREAM);
    return static_cast<ssize_t>(body.copy(reinterpret_cast<char*>(buffer), size));
  }

  Router router_;
  GrpcApplication application_{router_, SystemClock()};
  std::unique_ptr<h2::Server> server_;
};

TEST_F(Wire, ADeadlinePassesBeforeTheRequestIsWhole) {
  auto client = Connect();
  const BootTime start = SystemClock().Now();
  const std::int32_t call = Open(*client, "One", "50m");
  ASSERT_TRUE(client->AwaitAnswer(call));
  EXPECT_GE(SystemClock().Now() - start, absl::Milliseconds(45));
  EXPECT_EQ(client->answer(call).Get("grpc-status"), "4");
  EXPECT_EQ(client->answer(call).reset, kNoError) << "the client had not half-closed";
}

TEST_F(Wire, ADeadlinePassesBeforeTheFirstMessage) {
  auto client = Connect();
  const std::int32_t call = OpenBriefly(*client, "One", Frame("x"), true);
  ASSERT_TRUE(client->AwaitAnswer(call));
  EXPECT_EQ(client->answer(call).Get("grpc-status"), "4");
  EXPECT_EQ(client->answer(call).reset, std::nullopt);
}

TEST_F(Wire, ADeadlinePassesAfterTheFirstMessage) {
  auto client = Connect();
  const std::int32_t call = OpenBriefly(*client, "Both", Frame("first"), false);
  ASSERT_TRUE(client->AwaitAnswer(call));
  EXPECT_EQ(client->answer(call).body, Frame("first"));
  EXPECT_EQ(client->answer(call).Get("grpc-status"), "4");
}

TEST_F(Wire, ADeadlinePassesHalfWayThroughAMessage) {
  H2ClientOptions options;
  options.stream_window = 100;
  options.auto_window_update = false;
  auto client = Connect(options);
  const std::int32_t call = OpenBriefly(*client, "Both", Frame("send 1000"), true);
  ASSERT_TRUE(client->AwaitAnswer(call));
  EXPECT_EQ(client->answer(call).body.size(), 100U);
  EXPECT_EQ(client->answer(call).reset, kResetByCancel);
  EXPECT_EQ(client->answer(call).Get("grpc-status"), "");
}

TEST_F(Wire, ADeadlinePassesWhileTheClientLeavesAFinishedAnswerUnread) {
  H2ClientOptions options;
  options.stream_window = 100;
  options.auto_window_update = false;
  auto client = Connect(options);
  const std::int32_t call =
      OpenBriefly(*client, "Both", Frame("send 1000") + Frame("finish"), true);
  ASSERT_TRUE(client->AwaitAnswer(call));
  EXPECT_EQ(client->answer(call).reset, kResetByCancel);
}

TEST_F(Wire, TrailersNeedNoWindow) {
  H2ClientOptions options;
  options.stream_window = 100;
  options.auto_window_update = false;
  auto client = Connect(options);
  const std::int32_t call = Open(*client, "Both");
  client->SendData(call, Frame("send 95"), false);
  ASSERT_TRUE(client->Await([&] { return client->answer(call).body.size() == 100; }));
  client->SendData(call, Frame("finish"), true);
  ASSERT_TRUE(client->AwaitAnswer(call));
  EXPECT_EQ(client->answer(call).Get("grpc-status"), "0");
}

TEST_F(Wire, AMessageMayBeLargerThanTheWindow) {
  auto client = Connect();
  const std::int32_t call = Open(*client, "Both");
  const std::string message(1 << 20, 'y');
  client->SendData(call, Frame(message), true);
  ASSERT_TRUE(client->AwaitAnswer(call));
  EXPECT_TRUE(client->answer(call).body == Frame(message));
  EXPECT_EQ(client->answer(call).Get("grpc-status"), "0");
}

TEST_F(Wire, CallsThatTheClientNeverHalfClosesKeepNoSlot) {
  auto client = Connect();
  for (int i = 0; i < 250; ++i) {
    const std::int32_t call = Open(*client, "Both");
    client->SendData(call, Frame("finish"), false);
    ASSERT_TRUE(client->AwaitAnswer(call)) << i;
    ASSERT_EQ(client->answer(call).Get("grpc-status"), "0") << i;
  }
  EXPECT_TRUE(client->goaways().empty());
}

// The client reads nothing and goes on asking: what waits is bounded by the windows.
TEST_F(Wire, AStreamWhoseClientDoesNotReadDoesNotHoldUpAnother) {
  H2ClientOptions options;
  options.stream_window = 1000;
  options.auto_window_update = false;
  auto client = Connect(options);
  const std::int32_t stuck = Open(*client, "Both", "10S");
  for (int i = 0; i < 50; ++i) {
    client->SendData(stuck, Frame("send 100000"), false);
  }
  const std::int32_t call = Open(*client, "Both");
  client->SendData(call, Frame("hello"), true);
  ASSERT_TRUE(client->AwaitAnswer(call));
  EXPECT_EQ(client->answer(call).body, Frame("hello"));
}

}  // namespace
}  // namespace credential_broker::rpc
