#include "h2/http2_session.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "h2/test_application.h"

namespace credential_broker::h2 {
namespace {

std::uint32_t GoawayCode(const std::string& payload) {
  auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<std::uint8_t>(payload[i]));
  };
  return byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
}

// Sends `bytes` after the preface, and gives the code of the GOAWAY that follows; none: the
// connection lives.
std::optional<std::uint32_t> GoawayAfter(const Server& server, const std::string& bytes) {
  auto stream = ConnectBytesTo(server);
  std::string ping = H2Frame(NGHTTP2_PING, 0, 0, "endofit!");
  stream->Write(H2Hello() + bytes + ping);
  H2FrameReader reader(*stream);
  int answered = 0;
  while (auto frame = reader.Next()) {
    if (frame->type == NGHTTP2_GOAWAY) {
      return GoawayCode(frame->payload);
    }
    if (frame->type == NGHTTP2_PING && frame->payload == "endofit!" && ++answered == 2) {
      return std::nullopt;
    }
    if (answered == 1) {
      // The answer to a PING overtakes a GOAWAY: once more.
      stream->Write(std::exchange(ping, ""));
    }
  }
  return std::nullopt;
}

std::string Repeat(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    all += text;
  }
  return all;
}

// HEADERS of a request in HPACK without a table: POST http / with authority "a".
std::string RequestFrame(std::uint32_t stream, bool end) {
  std::string block = "\x83\x86\x84";
  block += std::string("\x01\x01", 2) + "a";
  return H2Frame(NGHTTP2_HEADERS, end ? 5 : 4, stream, block);
}

class SessionLimits : public ::testing::Test {
 protected:
  EchoApplication application_;
  std::unique_ptr<Server> server_ = StartServer(application_);
  const Counters& counters() const { return server_->counters(); }
};

TEST_F(SessionLimits, AnHonestConnectionLives) {
  EXPECT_EQ(GoawayAfter(*server_, RequestFrame(1, true)), std::nullopt);
  EXPECT_EQ(counters().protocol_errors.value(), 0U);
}

TEST_F(SessionLimits, PingFloodEndsTheConnection) {
  std::string ping = H2Frame(NGHTTP2_PING, 0, 0, "flood!!!");
  EXPECT_EQ(GoawayAfter(*server_, Repeat(ping, 50)), std::nullopt);
  EXPECT_EQ(counters().ping_floods.value(), 0U);
  EXPECT_EQ(GoawayAfter(*server_, Repeat(ping, 3000)), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(counters().ping_floods.value(), 1U);
}

TEST_F(SessionLimits, PingsThatFollowAnAnswerAreFree) {
  // As clients do that measure the path while data flows.
  auto client = ConnectTo(*server_);
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(client->Call("/").Get(":status"), "200") << i;
    client->Ping();
    ASSERT_TRUE(client->Await([&] { return client->pings_answered() == i + 1; })) << i;
  }
  EXPECT_TRUE(client->goaways().empty());
}

TEST_F(SessionLimits, SettingsFloodEndsTheConnection) {
  std::string settings = H2Frame(NGHTTP2_SETTINGS, 0, 0, "");
  EXPECT_EQ(GoawayAfter(*server_, Repeat(settings, 50)), std::nullopt);
  EXPECT_EQ(GoawayAfter(*server_, Repeat(settings, 300)), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(counters().settings_floods.value(), 1U);
}

TEST_F(SessionLimits, FramesThatDoNothingEndTheConnection) {
  std::string priority = H2Frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\0\x10", 5));
  std::string unknown = H2Frame(0xee, 0, 0, "?");
  std::string empty = H2Frame(NGHTTP2_DATA, 0, 1, "");
  EXPECT_EQ(GoawayAfter(*server_, Repeat(priority, 500)), std::nullopt);
  EXPECT_EQ(GoawayAfter(*server_, Repeat(priority, 3000)), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(GoawayAfter(*server_, Repeat(unknown, 3000)), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(GoawayAfter(*server_, RequestFrame(1, false) + Repeat(empty, 3000)),
            NGHTTP2_ENHANCE_YOUR_CALM);
  std::string padding = H2Frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string("\x02\0\0", 3));
  EXPECT_EQ(GoawayAfter(*server_, RequestFrame(1, false) + Repeat(padding, 3000)),
            NGHTTP2_ENHANCE_YOUR_CALM);
  std::string no_padding = H2Frame(NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, std::string(1, '\0'));
  EXPECT_EQ(GoawayAfter(*server_, RequestFrame(1, false) + Repeat(no_padding, 3000)),
            NGHTTP2_ENHANCE_YOUR_CALM);
  std::string goaway = H2Frame(NGHTTP2_GOAWAY, 0, 0, BigEndian32(0) + BigEndian32(0));
  EXPECT_EQ(GoawayAfter(*server_, RequestFrame(1, false) + Repeat(goaway, 3000)),
            NGHTTP2_ENHANCE_YOUR_CALM);
  std::string acknowledgement = H2Frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, "12345678");
  EXPECT_EQ(GoawayAfter(*server_, Repeat(acknowledgement, 3000)), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(counters().idle_frame_floods.value(), 7U);
}

std::string RapidReset(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    auto stream = static_cast<std::uint32_t>(2 * i + 1);
    bytes += RequestFrame(stream, false) +
             H2Frame(NGHTTP2_RST_STREAM, 0, stream, BigEndian32(NGHTTP2_CANCEL));
  }
  return bytes;
}

TEST_F(SessionLimits, RapidResetEndsTheConnection) {
  EXPECT_EQ(GoawayAfter(*server_, RapidReset(10000)), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(counters().reset_floods.value(), 1U);
}

TEST_F(SessionLimits, ClientsWithShortDeadlinesMayCancelQuickly) {
  // Beyond nghttp2's own default of 1,000.
  EXPECT_EQ(GoawayAfter(*server_, RapidReset(1800)), std::nullopt);
  EXPECT_EQ(counters().reset_floods.value(), 0U);
}

TEST_F(SessionLimits, ErrorsThatMakeUsResetCountAsResets) {
  // A window that overflows is an error of its stream (CVE-2025-8671).
  std::string bytes;
  for (int i = 0; i < 10000; ++i) {
    auto stream = static_cast<std::uint32_t>(2 * i + 1);
    bytes += RequestFrame(stream, false) +
             H2Frame(NGHTTP2_WINDOW_UPDATE, 0, stream, BigEndian32(0x7fffffff));
  }
  EXPECT_EQ(GoawayAfter(*server_, bytes), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(counters().reset_floods.value(), 1U);
}

// A field of HPACK that enters the table as its entry 62, and `count` references to it: bytes that
// unpack to 3,000 bytes each.
std::string HeaderBomb(int count) {
  std::string field = "\x40\x01x";
  field += '\x7f';
  field += static_cast<char>(0x80 | ((3000 - 127) & 0x7f));
  field += static_cast<char>((3000 - 127) >> 7);
  return field + std::string(3000, 'v') + std::string(static_cast<std::size_t>(count), '\xbe');
}

TEST_F(SessionLimits, AHeaderSectionThatUnpacksWithoutEndEndsTheConnection) {
  std::string request = std::string("\x83\x86\x84\x01\x01", 5) + "a";
  auto headers = [&](const std::string& more) {
    return H2Frame(NGHTTP2_HEADERS, 5, 1, request + more);
  };
  EXPECT_EQ(GoawayAfter(*server_, headers(HeaderBomb(19))), std::nullopt) << "the application's";
  EXPECT_EQ(counters().header_lists_too_large.value(), 1U);
  EXPECT_EQ(counters().header_floods.value(), 0U);
  EXPECT_EQ(GoawayAfter(*server_, headers(HeaderBomb(10000))), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(counters().header_floods.value(), 1U);
}

TEST_F(SessionLimits, SoDoTrailers) {
  std::string bytes = RequestFrame(1, false);
  bytes += H2Frame(NGHTTP2_HEADERS, 5, 1, HeaderBomb(10000));
  EXPECT_EQ(GoawayAfter(*server_, bytes), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(counters().header_floods.value(), 1U);
}

TEST_F(SessionLimits, ErrorsThatNghttp2ResetsSilentlyCountAsResetsToo) {
  // A body that is not as long as content-length says.
  std::string block =
      std::string("\x83\x86\x84\x01\x01", 5) + "a" + std::string("\x0f\x0d\x01", 3) + "5";
  std::string bytes;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    std::uint32_t stream = 2 * i + 1;
    bytes += H2Frame(NGHTTP2_HEADERS, 4, stream, block) + H2Frame(NGHTTP2_DATA, 1, stream, "1");
  }
  EXPECT_EQ(GoawayAfter(*server_, bytes), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(counters().reset_floods.value(), 1U);
}

TEST_F(SessionLimits, ContinuationFloodEndsTheConnection) {
  std::string bytes = H2Frame(NGHTTP2_HEADERS, 0, 1, "\x83\x86\x84");
  bytes += Repeat(H2Frame(NGHTTP2_CONTINUATION, 0, 1, std::string("\x00\x01x\x01y", 5)), 100);
  EXPECT_NE(GoawayAfter(*server_, bytes), std::nullopt);
  EXPECT_EQ(counters().continuation_floods.value(), 1U);
}

TEST_F(SessionLimits, AHeaderValueThatNghttp2CannotHoldCostsThatConnectionAlone) {
  auto other = ConnectTo(*server_);
  auto client = ConnectTo(*server_);
  std::int32_t stream = client->Request("/", true, {{"x", std::string(70000, '~')}});
  EXPECT_TRUE(client->AwaitClose());
  EXPECT_FALSE(client->answer(stream).ended);
  EXPECT_EQ(other->Call("/").Get(":status"), "200");
}

TEST_F(SessionLimits, StreamsBeyondTheLimitAreRefused) {
  auto client = ConnectTo(*server_);
  ASSERT_EQ(client->Call("/").Get(":status"), "200");
  EXPECT_EQ(client->remote_setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS), 100U);
  auto bytes = ConnectBytesTo(*server_);
  std::string requests;
  for (std::uint32_t i = 0; i < 101; ++i) {
    requests += RequestFrame(2 * i + 1, false);
  }
  bytes->Write(H2Hello() + requests);
  H2FrameReader reader(*bytes);
  // Before our SETTINGS are acknowledged it is an error of the stream.
  auto refused = reader.Await(NGHTTP2_RST_STREAM);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->stream_id, 201U);
  EXPECT_EQ(refused->payload, BigEndian32(NGHTTP2_REFUSED_STREAM));
  EXPECT_EQ(counters().streams_refused.value(), 1U);
  // After that it is an error of the connection.
  EXPECT_EQ(GoawayAfter(*server_, H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "") + requests),
            NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(counters().streams_refused.value(), 2U);
}

TEST_F(SessionLimits, StreamsThatAreRefusedCountAsResets) {
  std::string requests;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    requests += RequestFrame(2 * i + 1, false);
  }
  EXPECT_EQ(GoawayAfter(*server_, requests), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_EQ(counters().reset_floods.value(), 1U);
}

TEST_F(SessionLimits, FramesOnStreamsThatAreOverBreakTheProtocol) {
  std::string request = RequestFrame(1, false);
  std::string reset = H2Frame(NGHTTP2_RST_STREAM, 0, 1, BigEndian32(NGHTTP2_CANCEL));
  EXPECT_EQ(GoawayAfter(*server_, request + reset + H2Frame(NGHTTP2_DATA, 0, 1, "late")),
            NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(GoawayAfter(*server_, request + reset + RequestFrame(1, true)), NGHTTP2_STREAM_CLOSED);
  EXPECT_EQ(GoawayAfter(*server_, RequestFrame(5, true) + RequestFrame(3, true)),
            NGHTTP2_PROTOCOL_ERROR);
}

TEST_F(SessionLimits, AGoClientThatClosesItsConnectionBreaksNoProtocol) {
  // Its GOAWAY names its own last stream.
  std::string go = BigEndian32(1) + BigEndian32(NGHTTP2_NO_ERROR) + "client transport shutdown";
  GoawayAfter(*server_, RequestFrame(1, true) + H2Frame(NGHTTP2_GOAWAY, 0, 0, go));
  EXPECT_EQ(counters().protocol_errors.value(), 0U);
}

TEST_F(SessionLimits, WhatIsNoHttp2IsClosed) {
  auto stream = ConnectBytesTo(*server_);
  stream->Write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  EXPECT_TRUE(stream->AwaitClose());
  EXPECT_EQ(counters().protocol_errors.value(), 1U);
}

TEST_F(SessionLimits, MalformedRequestsAreResetAndTheConnectionLives) {
  auto client = ConnectTo(*server_);
  for (const H2Field& bad :
       {H2Field{"connection", "close"}, H2Field{"te", "gzip"}, H2Field{"content-length", "-1"}}) {
    std::int32_t stream = client->Request("/", true, {bad});
    ASSERT_TRUE(client->AwaitAnswer(stream));
    EXPECT_EQ(client->answer(stream).reset, NGHTTP2_PROTOCOL_ERROR) << bad.name;
  }
  EXPECT_EQ(client->Call("/").Get(":status"), "200");
}

}  // namespace
}  // namespace credential_broker::h2
