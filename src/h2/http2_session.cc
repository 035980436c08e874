#include "h2/http2_session.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "h2/stream_impl.h"

namespace credential_broker::h2 {
namespace {

using PingId = std::array<std::uint8_t, 8>;
constexpr PingId kKeepalivePing = {'a', 'l', 'i', 'v', 'e', '?', 0, 0};
constexpr PingId kShutdownPing = {'g', 'o', 'a', 'w', 'a', 'y', 0, 0};

// In a GOAWAY that only announces the end.
constexpr std::int32_t kAnyStream = 0x7fffffff;

// About what one frame that is queued costs nghttp2.
constexpr std::size_t kQueuedFrame = 200;

bool EndsStream(const nghttp2_frame& frame) {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

Http2Session::Http2Session(const SessionEnvironment& environment, Peer peer, SessionOwner& owner)
    : environment_(environment),
      peer_(std::move(peer)),
      owner_(owner),
      resets_(environment.limits.resets),
      pings_(environment.limits.pings),
      settings_(environment.limits.settings),
      idle_frames_(environment.limits.idle_frames) {
  ng_ = environment.session_template.Make(*this);
  failed_ = ng_ == nullptr;
  Touch();
}

Http2Session::~Http2Session() {
  // nghttp2 forgets open streams without a call.
  streams_.ForEach([](StreamImpl& stream) { stream.Close(); });
  // Here, while the session is whole: handlers may use their streams in their destructors.
  streams_.Clear();
}

void Http2Session::Receive(std::string_view bytes, double now) {
  now_ = now;
  std::size_t fed = 0;
  std::size_t position = 0;
  while (auto header = scanner_.Next(bytes, position)) {
    if (header->type == NGHTTP2_DATA || header->type == NGHTTP2_HEADERS) {
      // Which streams are closed is known when all before this frame is done.
      std::size_t start = position - std::min(position, FrameScanner::kHeaderSize);
      if (start > fed) {
        Feed(bytes.substr(fed, start - fed));
        fed = start;
      }
    }
    if (failed_ || !CheckFrame(*header)) {
      break;
    }
  }
  Feed(bytes.substr(fed));
  Touch();
}

bool Http2Session::CheckFrame(const FrameHeader& header) {
  switch (header.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      if (history_.WasClosedByPeer(header.stream_id)) {
        environment_.counters.protocol_errors.Add(peer_.address);
        Fail(NGHTTP2_STREAM_CLOSED, "the stream is closed");
      } else if (header.type == NGHTTP2_HEADERS && history_.WasSkipped(header.stream_id)) {
        environment_.counters.protocol_errors.Add(peer_.address);
        Fail(NGHTTP2_PROTOCOL_ERROR, "streams open in the order of their numbers");
      }
      break;
    default:
      if (header.type > NGHTTP2_CONTINUATION) {
        Spend(idle_frames_, environment_.counters.idle_frame_floods, "too many unknown frames");
      }
      break;
  }
  return !failed_;
}

void Http2Session::Feed(std::string_view bytes) {
  if (failed_) {
    return;
  }
  ssize_t taken = nghttp2_session_mem_recv(
      ng(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0 || failed_) {
    return;
  }
  if (taken == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS) {
    environment_.counters.continuation_floods.Add(peer_.address);
    Fail(NGHTTP2_ENHANCE_YOUR_CALM, "too many CONTINUATION frames");
  } else {
    environment_.counters.protocol_errors.Add(peer_.address);
    Fail(taken == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR,
         nghttp2_strerror(static_cast<int>(taken)));
  }
}

void Http2Session::Produce(std::string& out, std::size_t enough) {
  if (ng_ == nullptr) {
    return;
  }
  out_ = &out;
  while (out.size() < enough && !failure_sent_) {
    const std::uint8_t* data = nullptr;
    ssize_t size = nghttp2_session_mem_send(ng(), &data);
    if (size <= 0) {
      failed_ = failed_ || size < 0;
      break;
    }
    out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
  out_ = nullptr;
}

void Http2Session::FinishBatch() {
  // Handlers may send more: that is flushed after the next batch.
  DrainedList drained;
  drained.TakeAll(drained_);
  while (StreamImpl* const stream = drained.PopFront()) {
    stream->OnDrained();
  }
  streams_.DestroyRetired();
}

bool Http2Session::finished() const {
  return failed_ ||
         (nghttp2_session_want_read(ng_.get()) == 0 && nghttp2_session_want_write(ng_.get()) == 0);
}

std::size_t Http2Session::queued_output() const {
  if (ng_ == nullptr) {
    return 0;
  }
  return queued_bytes_ + nghttp2_session_get_outbound_queue_size(ng_.get()) * kQueuedFrame;
}

std::size_t Http2Session::queued_memory() const {
  return queued_output() - queued_bytes_ + queued_memory_;
}

void Http2Session::BeginShutdown() {
  if (shutdown_begun_ || failed_) {
    return;
  }
  shutdown_begun_ = true;
  nghttp2_submit_shutdown_notice(ng());
  Touch();
}

void Http2Session::FinishShutdown() {
  if (!failed_) {
    shutdown_begun_ = true;
    nghttp2_submit_goaway(ng(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(ng()),
                          NGHTTP2_NO_ERROR, nullptr, 0);
    Touch();
  }
}

void Http2Session::SendPing() {
  if (!failed_) {
    nghttp2_submit_ping(ng(), NGHTTP2_FLAG_NONE, kKeepalivePing.data());
    Touch();
  }
}

void Http2Session::Fail(std::uint32_t error_code, std::string_view debug) {
  if (failed_) {
    return;
  }
  failed_ = true;
  nghttp2_submit_goaway(ng(), NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(ng()),
                        error_code, reinterpret_cast<const std::uint8_t*>(debug.data()),
                        debug.size());
  Touch();
}

StreamImpl* Http2Session::FindStream(std::int32_t stream_id) {
  return static_cast<StreamImpl*>(nghttp2_session_get_stream_user_data(ng(), stream_id));
}

void Http2Session::OnBeginHeaders(const nghttp2_frame& frame) {
  header_section_ = 0;
  if (failed_ || frame.hd.type != NGHTTP2_HEADERS || frame.headers.cat != NGHTTP2_HCAT_REQUEST) {
    return;
  }
  StreamImpl& stream = streams_.Emplace(*this, frame.hd.stream_id);
  history_.OnOpened(frame.hd.stream_id);
  nghttp2_session_set_stream_user_data(ng(), frame.hd.stream_id, &stream);
}

bool Http2Session::OnHeader(const nghttp2_frame& frame, std::string_view name,
                            std::string_view value) {
  header_section_ += name.size() + value.size() + 32;
  if (header_section_ > environment_.limits.max_header_section && !failed_) {
    environment_.counters.header_floods.Add(peer_.address);
    Fail(NGHTTP2_ENHANCE_YOUR_CALM, "the header section is too large");
  }
  if (failed_) {
    return false;
  }
  StreamImpl* stream = FindStream(frame.hd.stream_id);
  if (stream != nullptr && !stream->dispatched()) {
    stream->AddHeader(name, value);
  }
  return true;
}

void Http2Session::OnFrame(const nghttp2_frame& frame) {
  if (failed_) {
    return;
  }
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      if (StreamImpl* stream = FindStream(frame.hd.stream_id); stream != nullptr) {
        if (!stream->dispatched()) {
          stream->Dispatch();
        }
        if (EndsStream(frame)) {
          stream->OnEnd();
        } else if (frame.hd.type == NGHTTP2_DATA && frame.hd.length == frame.data.padlen) {
          Spend(idle_frames_, environment_.counters.idle_frame_floods, "too many empty frames");
        }
      }
      break;
    case NGHTTP2_SETTINGS:
      OnSettings(frame);
      break;
    case NGHTTP2_PING:
      OnPing(frame);
      break;
    case NGHTTP2_RST_STREAM:
      Spend(resets_, environment_.counters.reset_floods, "too many stream resets");
      break;
    case NGHTTP2_PRIORITY:
      Spend(idle_frames_, environment_.counters.idle_frame_floods, "too many PRIORITY frames");
      break;
    case NGHTTP2_GOAWAY:
      Spend(idle_frames_, environment_.counters.idle_frame_floods, "too many GOAWAY frames");
      break;
    default:
      break;
  }
}

void Http2Session::OnInvalidFrame(const nghttp2_frame& frame, int error) {
  // Once our SETTINGS are acknowledged, a stream too many is a mistake of the whole connection.
  bool opens = frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
  if (opens &&
      (error == NGHTTP2_ERR_REFUSED_STREAM ||
       (error == NGHTTP2_ERR_PROTO && open_streams() >= environment_.limits.max_streams))) {
    environment_.counters.streams_refused.Add();
  }
  // A Go client that closes its connection names a stream of its own, where ours belongs. nghttp2
  // ends the connection for that, which is what the client wants.
  peer_left_ |= frame.hd.type == NGHTTP2_GOAWAY && frame.goaway.error_code == NGHTTP2_NO_ERROR;
}

void Http2Session::OnSettings(const nghttp2_frame& frame) {
  if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    state_ = State::kOpen;
    return;
  }
  if (state_ == State::kPreface) {
    state_ = State::kSettings;
    owner_.OnPreface();
  }
  Spend(settings_, environment_.counters.settings_floods, "too many SETTINGS");
}

void Http2Session::OnPing(const nghttp2_frame& frame) {
  if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) {
    shutdown_seen_ =
        shutdown_seen_ || std::memcmp(frame.ping.opaque_data, kShutdownPing.data(), 8) == 0;
    Spend(idle_frames_, environment_.counters.idle_frame_floods, "too many PING acknowledgements");
    return;
  }
  if (std::exchange(answered_since_ping_, false)) {
    return;
  }
  // The words that gRPC's clients know: they ping less often then.
  Spend(pings_, environment_.counters.ping_floods, "too_many_pings");
}

void Http2Session::Spend(RateLimiter& limiter, PeerCounter& counter, std::string_view debug) {
  if (!limiter.Take(now_)) {
    counter.Add(peer_.address);
    Fail(NGHTTP2_ENHANCE_YOUR_CALM, debug);
  }
}

void Http2Session::OnData(std::int32_t stream_id, std::string_view bytes) {
  StreamImpl* stream = FindStream(stream_id);
  if (stream == nullptr || failed_) {
    nghttp2_session_consume(ng(), stream_id, bytes.size());
    return;
  }
  stream->OnData(bytes);
}

void Http2Session::OnFrameSent(const nghttp2_frame& frame) {
  switch (frame.hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA:
      answered_since_ping_ = true;
      // Only now: a RST_STREAM that is submitted sooner overtakes the DATA. Without it a client
      // that never half-closes keeps its slot.
      if (EndsStream(frame) &&
          nghttp2_session_get_stream_remote_close(ng(), frame.hd.stream_id) == 0) {
        nghttp2_submit_rst_stream(ng(), NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
      }
      break;
    case NGHTTP2_RST_STREAM:
      // Here because nghttp2 tells of some errors and not of others. CANCEL is our own.
      if (frame.rst_stream.error_code != NGHTTP2_NO_ERROR &&
          frame.rst_stream.error_code != NGHTTP2_CANCEL && !failed_) {
        Spend(resets_, environment_.counters.reset_floods, "too many errors");
      }
      break;
    case NGHTTP2_GOAWAY:
      if (frame.goaway.last_stream_id == kAnyStream) {
        // Not sooner: nghttp2 lets a PING overtake, and the answer is to say that the GOAWAY was
        // seen.
        nghttp2_submit_ping(ng(), NGHTTP2_FLAG_NONE, kShutdownPing.data());
      }
      if (frame.goaway.error_code != NGHTTP2_NO_ERROR) {
        if (failed_) {
          failure_sent_ = true;
        } else if (!peer_left_) {
          environment_.counters.protocol_errors.Add(peer_.address);
        }
      }
      break;
    default:
      break;
  }
}

void Http2Session::OnStreamClosed(std::int32_t stream_id) {
  StreamImpl* stream = FindStream(stream_id);
  if (stream == nullptr) {
    return;
  }
  stream->Close();
  nghttp2_session_set_stream_user_data(ng(), stream_id, nullptr);
  if (nghttp2_session_get_stream_remote_close(ng(), stream_id) == 1) {
    history_.OnClosedByPeer(stream_id);
  }
  streams_.Retire(*stream);
  Touch();
}

}  // namespace credential_broker::h2
