#include "h2/session_template.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "h2/http2_session.h"
#include "h2/stream_impl.h"

namespace credential_broker::h2 {
namespace {

// Of all streams together; each has HTTP/2's default of 64 KiB, so that one which is not read does
// not stop the others.
constexpr std::int32_t kConnectionWindow = 256 * 1024;

// With its header one TLS record holds it.
constexpr ssize_t kMaxDataFrame = 16 * 1024 - 9;

std::string_view View(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace

SessionTemplate::SessionTemplate(const Limits& limits)
    : limits_(limits), buffers_(std::make_unique<FrameBuffers>(limits.max_connections)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  callbacks_.reset(callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        static_cast<Http2Session*>(self)->OnBeginHeaders(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* self) {
        bool goes_on = static_cast<Http2Session*>(self)->OnHeader(*frame, View(name, name_size),
                                                                  View(value, value_size));
        return goes_on ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        static_cast<Http2Session*>(self)->OnFrame(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, int error, void* self) {
        static_cast<Http2Session*>(self)->OnInvalidFrame(*frame, error);
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t stream_id,
                    const std::uint8_t* data, std::size_t size, void* self) {
        static_cast<Http2Session*>(self)->OnData(stream_id, View(data, size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
        static_cast<Http2Session*>(self)->OnFrameSent(*frame);
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t stream_id, std::uint32_t, void* self) {
        static_cast<Http2Session*>(self)->OnStreamClosed(stream_id);
        return 0;
      });
  nghttp2_session_callbacks_set_data_source_read_length_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t, std::int32_t,
                    std::uint32_t, void*) { return kMaxDataFrame; });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks, [](nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* header,
                    std::size_t size, nghttp2_data_source*, void* user_data) {
        auto& session = *static_cast<Http2Session*>(user_data);
        StreamImpl* const stream = session.FindStream(frame->hd.stream_id);
        if (stream == nullptr) {
          return static_cast<int>(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE);  // never expected
        }
        session.out_->append(View(header, 9));  // never padded
        stream->TakeData(size, *session.out_);
        return 0;
      });

  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  option_.reset(option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  // Closed streams are kept for the priorities of RFC 7540 alone; they would cost 20 KB a
  // connection.
  nghttp2_option_set_no_closed_streams(option, 1);
  // gRPC's metadata may have space around values.
  nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
  // Behind ours, which says ENHANCE_YOUR_CALM where nghttp2 says INTERNAL_ERROR.
  nghttp2_option_set_stream_reset_rate_limit(
      option, static_cast<std::uint64_t>(limits.resets.burst * 2),
      static_cast<std::uint64_t>(limits.resets.per_second * 2));
}

nghttp2_data_provider SessionTemplate::DataProvider() {
  nghttp2_data_provider provider{};
  provider.read_callback = [](nghttp2_session*, std::int32_t stream_id, std::uint8_t*,
                              std::size_t size, std::uint32_t* flags, nghttp2_data_source*,
                              void* session) -> ssize_t {
    StreamImpl* const stream = static_cast<Http2Session*>(session)->FindStream(stream_id);
    // nghttp2 forgets the DATA of a stream that it closes, so there is always one.
    return stream == nullptr ? static_cast<ssize_t>(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE)
                             : stream->PrepareData(size, flags);
  };
  return provider;
}

NgSessionPtr SessionTemplate::Make(Http2Session& session) const {
  nghttp2_session* made = nullptr;
  if (nghttp2_session_server_new3(&made, callbacks_.get(), &session, option_.get(),
                                  buffers_->mem()) != 0) {
    return nullptr;
  }
  NgSessionPtr ng(made);
  std::array<nghttp2_settings_entry, 2> settings{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, static_cast<std::uint32_t>(limits_.max_streams)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<std::uint32_t>(limits_.max_header_list)},
  }};
  nghttp2_submit_settings(made, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(made, NGHTTP2_FLAG_NONE, 0, kConnectionWindow);
  return ng;
}

}  // namespace credential_broker::h2
