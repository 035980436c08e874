#include "walk/frames.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>

#include "support/h2_client.h"
#include "walk/application.h"

namespace credential_broker::walk {
namespace {

constexpr std::size_t kMostFrame = 16384;
// More than any limit of frames of a kind.
constexpr std::uint32_t kFlood = 2500;

// An HPACK string of any length.
std::string Text(std::string_view text) {
  std::string coded;
  std::size_t rest = text.size();
  if (rest < 127) {
    coded += static_cast<char>(rest);
  } else {
    coded += '\x7f';
    for (rest -= 127; rest >= 128; rest /= 128) {
      coded += static_cast<char>(rest % 128 + 128);
    }
    coded += static_cast<char>(rest);
  }
  return coded.append(text);
}

std::string Setting(std::uint16_t id, std::uint32_t value) {
  return std::string({static_cast<char>(id >> 8), static_cast<char>(id)}) + BigEndian32(value);
}

// Programs that do something worth doing, more often than letters in any order would.
constexpr std::array<std::string_view, 14> kPrograms = {
    ".hdt",  ".o",       "o",       "hd.t.", ".hD.t",  ".hd.d.d", ".L.t",
    "h.dt.", "hs.s.b.d", ".hLb.dt", "m.t",   "M..t.d", "pp.p.t",  ".hd.r"};

}  // namespace

std::string LiteralField(std::string_view name, std::string_view value) {
  return '\0' + Text(name) + Text(value);
}

std::string FrameMaker::Hello() {
  std::string hello(kH2Preface);
  if (choices_.OneIn(2)) {
    hello += H2Frame(NGHTTP2_SETTINGS, 0, 0, "");
  } else {
    hello += Settings();
  }
  if (!choices_.OneIn(8)) {
    hello += H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "");
  }
  if (choices_.OneIn(2)) {
    hello += H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, BigEndian32(0x7fff0000 - 65536));
  }
  return hello;
}

std::string FrameMaker::Program(std::size_t most) {
  std::string program;
  for (std::size_t size = choices_.Below(static_cast<std::uint32_t>(most)); size > 0; --size) {
    program += kOperations[choices_.Below(kOperations.size())];
  }
  return program;
}

std::string FrameMaker::HeaderBlock() {
  std::string block =
      "\x83\x86\x01\x01"
      "a";
  if (protocol_ == Protocol::kStreams) {
    std::string path = "/";
    if (choices_.OneIn(2)) {
      path += kPrograms[choices_.Below(kPrograms.size())];
    } else {
      path += Program(5) + '.' + Program(5) + '.' + Program(4) + '.' + Program(3);
    }
    return block + '\x04' + Text(path);
  }
  static constexpr std::array<std::string_view, 9> kPaths = {
      "/test.Kinds/One",
      "/test.Kinds/Down",
      "/test.Kinds/Up",
      "/test.Kinds/Both",
      "/test.Kinds/Both",
      "/grpc.health.v1.Health/Check",
      "/grpc.health.v1.Health/Watch",
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      "/test.Kinds/None"};
  block += '\x04' + Text(kPaths[choices_.Below(kPaths.size())]);
  block += LiteralField("content-type", "application/grpc") + LiteralField("te", "trailers");
  if (choices_.OneIn(3)) {
    block += LiteralField("x-drained", Program(4));
  }
  if (choices_.OneIn(4)) {
    static constexpr std::array<std::string_view, 4> kTimeouts = {"1m", "30m", "1n", "10S"};
    block += LiteralField("grpc-timeout", kTimeouts[choices_.Below(kTimeouts.size())]);
  }
  return block;
}

std::string FrameMaker::Body(std::size_t most) {
  std::string program = Program(most);
  if (protocol_ == Protocol::kStreams) {
    return program;
  }
  if (choices_.OneIn(4)) {
    program = "\x3a";  // the reflection service: list the services
    program += '\0';
  } else if (choices_.OneIn(4)) {
    program.clear();
  }
  std::string body = choices_.OneIn(30) ? "\1" : std::string(1, '\0');
  return body + BigEndian32(static_cast<std::uint32_t>(program.size())) + program;
}

std::string FrameMaker::Request() {
  const std::uint32_t stream = next_stream_;
  next_stream_ += 2;
  const std::string block = HeaderBlock();
  std::string frames;
  if (choices_.OneIn(10)) {
    const std::size_t half = block.size() / 2;
    frames = H2Frame(NGHTTP2_HEADERS, 0, stream, std::string_view(block).substr(0, half)) +
             H2Frame(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, stream,
                     std::string_view(block).substr(half));
  } else {
    const bool ends = protocol_ == Protocol::kStreams && choices_.OneIn(2);
    frames = H2Frame(
        NGHTTP2_HEADERS,
        static_cast<std::uint8_t>(NGHTTP2_FLAG_END_HEADERS | (ends ? NGHTTP2_FLAG_END_STREAM : 0)),
        stream, block);
    if (ends) {
      return frames;
    }
  }
  if (choices_.OneIn(4)) {
    return frames;  // the body may come later
  }
  const bool ends = !choices_.OneIn(4);
  return frames + H2Frame(NGHTTP2_DATA, ends ? NGHTTP2_FLAG_END_STREAM : 0, stream, Body(6));
}

std::uint32_t FrameMaker::AnyStream() {
  if (choices_.OneIn(30)) {
    return choices_.Below(1000);
  }
  // One of the last, which are open more often.
  const std::uint32_t back = choices_.Below(std::min(opened() + 1, 10U));
  return std::max(1U, next_stream_ - 2 * std::min(back, opened()));
}

std::string FrameMaker::Data() {
  const std::uint8_t flags = choices_.OneIn(2) ? NGHTTP2_FLAG_END_STREAM : 0;
  std::string payload;
  switch (choices_.Below(6)) {
    case 0:
      payload = std::string(choices_.Below(kMostFrame), 'd');
      break;
    case 1:
      break;
    default:
      payload = Body(10);
      break;
  }
  return H2Frame(NGHTTP2_DATA, flags, AnyStream(), payload);
}

std::string FrameMaker::WindowUpdate() {
  static constexpr std::array<std::uint32_t, 6> kSteps = {1,     100,     16384,
                                                          65535, 1 << 24, 0x7fffffff};
  const std::uint32_t step = kSteps[choices_.Below(choices_.OneIn(10) ? 6 : 5)];
  return H2Frame(NGHTTP2_WINDOW_UPDATE, 0, choices_.OneIn(2) ? 0 : AnyStream(), BigEndian32(step));
}

std::string FrameMaker::Settings() {
  static constexpr std::array<std::uint32_t, 6> kWindows = {0, 1, 100, 65535, 1 << 20, 0x7fffffff};
  std::string payload;
  if (!choices_.OneIn(4)) {
    payload += Setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindows[choices_.Below(6)]);
  }
  if (choices_.OneIn(4)) {
    payload += Setting(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, choices_.Below(8192));
  }
  if (choices_.OneIn(8)) {
    payload += Setting(static_cast<std::uint16_t>(choices_.Below(10)), choices_.Below(1 << 30));
  }
  return H2Frame(NGHTTP2_SETTINGS, 0, 0, payload);
}

// Many frames of a kind, against the limit that is meant for it. Made once and repeated: thousands
// that differ would take the time of a test.
std::string FrameMaker::Burst(std::uint32_t kind, std::uint32_t count) {
  if (kind == 4) {
    return ResetBurst(count);
  }
  std::string frames;
  std::string frame;
  switch (kind) {
    case 0:
      frame = H2Frame(NGHTTP2_PING, 0, 0, "flooding");
      break;
    case 1:
      frame = H2Frame(NGHTTP2_SETTINGS, 0, 0, "");
      break;
    case 2:
      frame = H2Frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\0\x10", 5));
      break;
    case 3:
      frame = H2Frame(0xee, 0, 0, "");
      break;
    default:
      frames = H2Frame(NGHTTP2_HEADERS, 0, next_stream_, HeaderBlock());
      frame = H2Frame(NGHTTP2_CONTINUATION, 0, next_stream_, LiteralField("x", "y"));
      next_stream_ += 2;
      break;
  }
  frames.reserve(frames.size() + count * frame.size());
  for (; count > 0; --count) {
    frames += frame;
  }
  return frames;
}

// Streams that are opened and reset at once.
std::string FrameMaker::ResetBurst(std::uint32_t count) {
  constexpr std::size_t kStreamId = 5;  // where it is in a frame
  std::string headers = H2Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 0, HeaderBlock());
  std::string reset = H2Frame(NGHTTP2_RST_STREAM, 0, 0, BigEndian32(NGHTTP2_CANCEL));
  std::string frames;
  frames.reserve(count * (headers.size() + reset.size()));
  for (; count > 0; --count) {
    const std::string stream = BigEndian32(next_stream_);
    next_stream_ += 2;
    frames += headers.replace(kStreamId, stream.size(), stream);
    frames += reset.replace(kStreamId, stream.size(), stream);
  }
  return frames;
}

// A header section that is far too large.
std::string FrameMaker::LargeSection() {
  std::string frames = H2Frame(NGHTTP2_HEADERS, 0, next_stream_, HeaderBlock());
  for (int i = 0; i < 8; ++i) {
    frames += H2Frame(NGHTTP2_CONTINUATION, i == 7 ? NGHTTP2_FLAG_END_HEADERS : 0, next_stream_,
                      LiteralField("x", std::string(12000, 'v')));
  }
  next_stream_ += 2;
  return frames;
}

std::string FrameMaker::Flood() {
  const std::uint32_t kind = choices_.Below(8);
  if (kind == 7) {
    return LargeSection();
  }
  return Burst(kind == 6 ? 4 : kind, kFlood);
}

std::string FrameMaker::Wrong() {
  switch (choices_.Below(8)) {
    case 0: {
      std::string garbage(choices_.Below(60), '\0');
      for (char& byte : garbage) {
        byte = static_cast<char>(choices_.Below(256));
      }
      return garbage;
    }
    case 1:
      return H2Frame(static_cast<std::uint8_t>(choices_.Below(12)),
                     static_cast<std::uint8_t>(choices_.Below(256)), AnyStream(), Body(20));
    case 2: {  // a header list that is too large
      const std::string block = HeaderBlock() + LiteralField("x", std::string(9000, 'v'));
      next_stream_ += 2;
      return H2Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, next_stream_ - 2, block);
    }
    case 3:
      return LargeSection();
    case 4:
      return H2Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM,
                     AnyStream(), HeaderBlock());
    case 5:
      return H2Frame(NGHTTP2_PUSH_PROMISE, NGHTTP2_FLAG_END_HEADERS, AnyStream(), "aaaa");
    case 6:
      return H2Frame(NGHTTP2_GOAWAY, 0, 0, BigEndian32(0) + BigEndian32(0));
    default:
      return H2Frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, std::string("goaway\0\0", 8));
  }
}

std::string FrameMaker::Orderly() {
  switch (choices_.Below(10)) {
    case 0:
      return H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, BigEndian32(1 + choices_.Below(100)));
    case 1:
      if (opened() > 0) {
        ++reset_;
        return H2Frame(NGHTTP2_RST_STREAM, 0, next_stream_ - 2, BigEndian32(NGHTTP2_CANCEL));
      }
      return Request();
    case 2:
      return choices_.OneIn(2) ? H2Frame(NGHTTP2_PING, 0, 0, "pingpong") : Settings();
    default:
      return Request();
  }
}

std::string FrameMaker::Any() {
  switch (manners_) {
    case Manners::kOrderly:
      return Orderly();
    case Manners::kFlood:
      return Flood();
    case Manners::kWild:
      return Wild();
  }
  return {};
}

std::string FrameMaker::Wild() {
  switch (choices_.Below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
      return Request();
    case 6:
    case 7:
    case 8:
      return Data();
    case 9:
    case 10:
      return WindowUpdate();
    case 11:
      ++reset_;
      return H2Frame(NGHTTP2_RST_STREAM, 0, AnyStream(), BigEndian32(NGHTTP2_CANCEL));
    case 12:
      return choices_.OneIn(2) ? H2Frame(NGHTTP2_PING, 0, 0, "pingpong") : Settings();
    case 13:
      return H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "");
    case 14:
      return choices_.OneIn(4) ? Burst(choices_.Below(6), 60) : Request();
    default:
      return choices_.OneIn(2) ? Wrong() : Request();
  }
}

}  // namespace credential_broker::walk
