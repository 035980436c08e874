#include "support/h2_client.h"

#include <algorithm>
#include <cstring>

#include "absl/time/clock.h"

namespace credential_broker {
namespace {

nghttp2_nv Field(std::string_view name, std::string_view value) {
  auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

std::string H2Answer::Get(std::string_view name) const {
  for (const auto* fields : {&headers, &trailers}) {
    for (const H2Field& field : *fields) {
      if (field.name == name) {
        return field.value;
      }
    }
  }
  return "";
}

absl::StatusOr<std::unique_ptr<H2Client>> H2Client::Connect(const H2ClientOptions& options) {
  auto bytes = ByteStream::Connect(options.address, options.tls);
  if (!bytes.ok()) {
    return bytes.status();
  }
  std::unique_ptr<H2Client> client(new H2Client());
  client->bytes_ = *std::move(bytes);
  client->Start(options);
  return client;
}

void H2Client::Start(const H2ClientOptions& options) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  SetCallbacks(callbacks);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, options.auto_window_update ? 0 : 1);
  // What is refused is for the server to say.
  nghttp2_option_set_peer_max_concurrent_streams(option, 1000000);
  nghttp2_option_set_max_send_header_block_length(option, 1024 * 1024);
  nghttp2_session_client_new2(&session_, callbacks, this, option);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
}

void H2Client::SetCallbacks(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* self) {
        H2Answer& answer = static_cast<H2Client*>(self)->answers_[frame->hd.stream_id];
        auto& fields =
            frame->headers.cat == NGHTTP2_HCAT_RESPONSE ? answer.headers : answer.trailers;
        fields.push_back({std::string(reinterpret_cast<const char*>(name), name_size),
                          std::string(reinterpret_cast<const char*>(value), value_size)});
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                    std::size_t size, void* self) {
        static_cast<H2Client*>(self)->answers_[stream].body.append(
            reinterpret_cast<const char*>(data), size);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        static_cast<H2Client*>(self)->OnFrame(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t stream, std::uint32_t, void* self) {
        static_cast<H2Client*>(self)->answers_[stream].closed = true;
        return 0;
      });
}

void H2Client::OnFrame(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        answers_[frame.hd.stream_id].ended = true;
      }
      break;
    case NGHTTP2_RST_STREAM:
      answers_[frame.hd.stream_id].reset = frame.rst_stream.error_code;
      break;
    case NGHTTP2_PING:
      pings_answered_ += (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0 ? 1 : 0;
      break;
    case NGHTTP2_GOAWAY:
      goaways_.push_back({frame.goaway.last_stream_id, frame.goaway.error_code,
                          std::string(reinterpret_cast<const char*>(frame.goaway.opaque_data),
                                      frame.goaway.opaque_data_len)});
      break;
    default:
      break;
  }
}

H2Client::~H2Client() { nghttp2_session_del(session_); }

std::int32_t H2Client::Request(const std::string& path, bool end,
                               const std::vector<H2Field>& headers) {
  std::vector<nghttp2_nv> fields = {Field(":method", "POST"), Field(":scheme", "http"),
                                    Field(":path", path), Field(":authority", "test")};
  for (const H2Field& header : headers) {
    fields.push_back(Field(header.name, header.value));
  }
  return nghttp2_submit_headers(session_, end ? NGHTTP2_FLAG_END_STREAM : NGHTTP2_FLAG_NONE, -1,
                                nullptr, fields.data(), fields.size(), nullptr);
}

void H2Client::SendData(std::int32_t stream, std::string_view bytes, bool end) {
  Body& body = bodies_[stream];
  body.bytes += bytes;
  body.end = body.end || end;
  if (body.running) {
    nghttp2_session_resume_data(session_, stream);
    return;
  }
  body.running = true;
  nghttp2_data_provider provider{};
  provider.source.ptr = &body;
  provider.read_callback = [](nghttp2_session*, std::int32_t, std::uint8_t* buffer,
                              std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                              void*) -> ssize_t {
    Body& from = *static_cast<Body*>(source->ptr);
    if (from.bytes.empty() && !from.end) {
      return NGHTTP2_ERR_DEFERRED;
    }
    std::size_t part = std::min(size, from.bytes.size());
    std::copy_n(from.bytes.begin(), part, buffer);
    from.bytes.erase(0, part);
    if (from.bytes.empty() && from.end) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return static_cast<ssize_t>(part);
  };
  // The stream is open only once its HEADERS have gone.
  Flush();
  nghttp2_submit_data(session_, NGHTTP2_FLAG_END_STREAM, stream, &provider);
}

void H2Client::Reset(std::int32_t stream, std::uint32_t error_code) {
  Flush();
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, error_code);
}

void H2Client::Ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

void H2Client::Consume(std::int32_t stream, std::size_t size) {
  nghttp2_session_consume(session_, stream, size);
}

void H2Client::Flush() {
  for (;;) {
    const std::uint8_t* data = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0 ||
        !bytes_->Write({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)})) {
      return;
    }
  }
}

bool H2Client::Await(const std::function<bool()>& done, absl::Duration patience) {
  absl::Time end = absl::Now() + patience;
  for (;;) {
    Flush();
    if (done()) {
      return true;
    }
    if (closed_ || absl::Now() >= end) {
      return false;
    }
    std::optional<std::string> read = bytes_->Read(end - absl::Now());
    if (!read.has_value()) {
      closed_ = true;
    } else {
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(read->data()),
                               read->size());
    }
  }
}

bool H2Client::AwaitAnswer(std::int32_t stream, absl::Duration patience) {
  return Await([&] { return answers_[stream].closed; }, patience);
}

bool H2Client::AwaitClose(absl::Duration patience) {
  return Await([&] { return closed_; }, patience);
}

H2Answer H2Client::Call(const std::string& path, std::string_view body) {
  std::int32_t stream = Request(path, body.empty());
  if (!body.empty()) {
    SendData(stream, body, true);
  }
  AwaitAnswer(stream);
  return answers_[stream];
}

std::uint32_t H2Client::remote_setting(nghttp2_settings_id id) const {
  return nghttp2_session_get_remote_settings(session_, id);
}

}  // namespace credential_broker
