#include "broker_front/answer_reader.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace credential_broker::service {
namespace {

constexpr std::size_t kFrameHeader = 9;
constexpr std::size_t kMaxFrame = 16384;  // the clients announce no more
constexpr std::size_t kMessageHeader = 5;

std::uint32_t BigEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) {
    value = value << 8 | static_cast<std::uint8_t>(byte);
  }
  return value;
}

nghttp2_hd_inflater* NewInflater() {
  nghttp2_hd_inflater* inflater = nullptr;
  Require(nghttp2_hd_inflate_new(&inflater) == 0, "there is memory");
  return inflater;
}

}  // namespace

void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

AnswerReader::AnswerReader(OnMessage on_message)
    : on_message_(std::move(on_message)), inflater_(NewInflater(), &nghttp2_hd_inflate_del) {}

void AnswerReader::Read(std::string_view bytes) {
  bytes_ += bytes;
  std::string_view rest = bytes_;
  while (rest.size() >= kFrameHeader) {
    const std::size_t size = BigEndian(rest.substr(0, 3));
    Require(size <= kMaxFrame, "a frame is as large as the client takes");
    if (rest.size() < kFrameHeader + size) {
      break;
    }
    ReadFrame(static_cast<std::uint8_t>(rest[3]), static_cast<std::uint8_t>(rest[4]),
              BigEndian(rest.substr(5, 4)), rest.substr(kFrameHeader, size));
    rest.remove_prefix(kFrameHeader + size);
  }
  bytes_.erase(0, bytes_.size() - rest.size());
}

void AnswerReader::ReadFrame(std::uint8_t type, std::uint8_t flags, std::uint32_t id,
                             std::string_view payload) {
  Require(in_section_ == (type == NGHTTP2_CONTINUATION), "a header section is not interrupted");
  switch (type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_CONTINUATION:
      Require((flags & (NGHTTP2_FLAG_PADDED | NGHTTP2_FLAG_PRIORITY)) == 0 ||
                  type == NGHTTP2_CONTINUATION,
              "headers have neither padding nor priority");
      section_ += payload;
      in_section_ = (flags & NGHTTP2_FLAG_END_HEADERS) == 0;
      if (type == NGHTTP2_HEADERS && (flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        streams_[id].ended = true;
      }
      if (!in_section_) {
        ReadSection(flags, id);
      }
      break;
    case NGHTTP2_DATA: {
      Stream& stream = streams_[id];
      Require(stream.has_headers && !stream.ended, "data comes between headers and trailers");
      stream.ended = (flags & NGHTTP2_FLAG_END_STREAM) != 0;
      Require(!stream.ended || !stream.is_grpc, "a gRPC response ends with trailers");
      ReadBody(stream, id, payload);
      break;
    }
    case NGHTTP2_RST_STREAM:
      streams_[id].ended = true;
      break;
    case NGHTTP2_PUSH_PROMISE:
      Require(false, "nothing is pushed");
      break;
    default:
      break;
  }
}

void AnswerReader::ReadSection(std::uint8_t, std::uint32_t id) {
  Stream& stream = streams_[id];
  const std::map<std::string, std::string> fields = Inflate();
  if (!stream.has_headers) {
    const auto status = fields.find(":status");
    Require(status != fields.end(), "a response has a status");
    const auto type = fields.find("content-type");
    stream.is_grpc = status->second == "200" && type != fields.end() &&
                     type->second.starts_with("application/grpc");
  } else {
    Require(stream.ended && fields.count(":status") == 0, "trailers end a response");
    Require(stream.body.empty(), "a response has whole messages");
  }
  stream.has_headers = true;
  Require(!stream.is_grpc || stream.ended == (fields.count("grpc-status") == 1),
          "a gRPC response has a status at its end, and only there");
}

std::map<std::string, std::string> AnswerReader::Inflate() {
  std::map<std::string, std::string> fields;
  const auto* at = reinterpret_cast<const std::uint8_t*>(section_.data());
  std::size_t left = section_.size();
  int flags = 0;
  while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
    nghttp2_nv field{};
    const ssize_t used =
        nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, at, left, /*in_final=*/1);
    Require(used >= 0, "headers are valid HPACK");
    at += used;
    left -= static_cast<std::size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      fields.emplace(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                     std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
    }
  }
  nghttp2_hd_inflate_end_headers(inflater_.get());
  section_.clear();
  return fields;
}

void AnswerReader::ReadBody(Stream& stream, std::uint32_t id, std::string_view bytes) {
  if (!stream.is_grpc) {
    return;
  }
  stream.body += bytes;
  while (stream.body.size() >= kMessageHeader) {
    Require(stream.body[0] == 0, "messages are not compressed");
    const std::size_t size = BigEndian(std::string_view(stream.body).substr(1, 4));
    if (stream.body.size() < kMessageHeader + size) {
      break;
    }
    on_message_(id, std::string_view(stream.body).substr(kMessageHeader, size));
    stream.body.erase(0, kMessageHeader + size);
  }
}

}  // namespace credential_broker::service
