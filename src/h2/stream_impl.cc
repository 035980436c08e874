#include "h2/stream_impl.h"

#include <algorithm>
#include <utility>

namespace credential_broker::h2 {
namespace {

// Payloads that are sent are taken off a queue that never runs empty, so many at a time.
constexpr std::size_t kCompactAt = 64;

std::uint8_t* Bytes(std::string_view text) {
  // nghttp2 copies, and does not write.
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

void StreamImpl::SendHeaders(absl::Span<const HeaderView> headers) {
  if (!can_send()) {
    return;
  }
  const auto& fields = Fields(headers);
  nghttp2_submit_headers(session_.ng(), NGHTTP2_FLAG_NONE, id_, nullptr, fields.data(),
                         fields.size(), nullptr);
  session_.Touch();
}

void StreamImpl::SendData(Payload payload) {
  if (!can_send() || payload.bytes().empty()) {
    return;
  }
  std::size_t size = payload.bytes().size();
  AddMemory(payload);
  queue_.push_back(std::move(payload));
  queued_bytes_ += size;
  session_.queued_bytes_ += size;
  if (data_ == DataState::kNone) {
    const nghttp2_data_provider provider = SessionTemplate::DataProvider();
    nghttp2_submit_data(session_.ng(), NGHTTP2_FLAG_END_STREAM, id_, &provider);
  } else if (data_ == DataState::kDeferred) {
    nghttp2_session_resume_data(session_.ng(), id_);
  }
  data_ = DataState::kRunning;
  session_.Touch();
}

bool StreamImpl::TakeBack() {
  if (!can_send() || queue_front_ > 0 || front_offset_ > 0) {
    return false;
  }
  DropQueue();
  return true;
}

void StreamImpl::SendTrailers(absl::Span<const HeaderView> trailers) {
  if (!can_send()) {
    return;
  }
  ended_ = true;
  if (queued_bytes_ == 0) {
    // Without waiting for the read callback, which is not called while the peer's window is 0:
    // trailers need no window.
    SubmitTrailers(trailers);
  } else {
    trailers_.emplace().reserve(trailers.size());
    for (const HeaderView& trailer : trailers) {
      trailers_->push_back({std::string(trailer.name), std::string(trailer.value)});
    }
  }
  session_.Touch();
}

void StreamImpl::SendHeadersOnly(absl::Span<const HeaderView> headers) {
  if (!can_send()) {
    return;
  }
  ended_ = true;
  const auto& fields = Fields(headers);
  nghttp2_submit_headers(session_.ng(), NGHTTP2_FLAG_END_STREAM, id_, nullptr, fields.data(),
                         fields.size(), nullptr);
  session_.Touch();
}

void StreamImpl::Reset(std::uint32_t error_code) {
  if (closed_) {
    return;
  }
  ended_ = true;
  DropQueue();
  nghttp2_submit_rst_stream(session_.ng(), NGHTTP2_FLAG_NONE, id_, error_code);
  session_.Touch();
}

void StreamImpl::Consume(std::size_t size) {
  size = std::min(size, unconsumed_);
  if (closed_ || size == 0) {
    return;
  }
  unconsumed_ -= size;
  nghttp2_session_consume(session_.ng(), id_, size);
  session_.Touch();
}

void StreamImpl::AddHeader(std::string_view name, std::string_view value) {
  header_list_ += name.size() + value.size() + 32;
  if (header_list_ > session_.environment_.limits.max_header_list) {
    if (!head_.too_large) {
      head_.too_large = true;
      session_.environment_.counters.header_lists_too_large.Add();
    }
    return;
  }
  if (!name.empty() && name.front() == ':') {
    SetPseudoHeader(name, value);
  } else {
    head_.headers.push_back({std::string(name), std::string(value)});
  }
}

void StreamImpl::SetPseudoHeader(std::string_view name, std::string_view value) {
  if (name == ":path") {
    head_.path = value;
  } else if (name == ":method") {
    head_.method = value;
  } else if (name == ":authority") {
    head_.authority = value;
  } else if (name == ":scheme") {
    head_.scheme = value;
  }
}

void StreamImpl::Dispatch() {
  const InUse in_use(*this);
  // A field takes more memory than the 32 bytes that a header list counts for it.
  const std::size_t memory = header_list_ + head_.headers.size() * sizeof(Header);
  weight_ = 1 + memory / kBytesPerWeight;
  session_.stream_weight_ += weight_;
  handler_ = session_.environment_.application.OnRequest(*this, std::move(head_));
}

void StreamImpl::OnData(std::string_view bytes) {
  if (closed_ || ended_ || handler_ == nullptr) {
    nghttp2_session_consume(session_.ng(), id_, bytes.size());
    return;
  }
  const InUse in_use(*this);
  unconsumed_ += bytes.size();
  handler_->OnData(bytes);
}

void StreamImpl::OnEnd() {
  const InUse in_use(*this);
  if (can_send() && handler_ != nullptr) {
    handler_->OnEnd();
  }
}

void StreamImpl::OnDrained() {
  const InUse in_use(*this);
  if (can_send() && queued_bytes_ == 0) {
    handler_->OnDrained();
  }
}

void StreamImpl::Close() {
  if (std::exchange(closed_, true)) {
    return;
  }
  DropQueue();
  session_.stream_weight_ -= std::exchange(weight_, 0);
  if (unconsumed_ > 0) {
    nghttp2_session_consume_connection(session_.ng(), unconsumed_);
  }
}

ssize_t StreamImpl::PrepareData(std::size_t size, std::uint32_t* flags) {
  if (queued_bytes_ == 0) {
    data_ = DataState::kDeferred;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (queued_bytes_ > size) {
    return static_cast<ssize_t>(size);
  }
  if (trailers_.has_value()) {
    // With the last bytes and not after them: submitted sooner they overtake the DATA, later they
    // are lost.
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    SubmitTrailers(*trailers_);
    trailers_.reset();
  }
  return static_cast<ssize_t>(queued_bytes_);
}

void StreamImpl::TakeData(std::size_t size, std::string& out) {
  queued_bytes_ -= size;
  session_.queued_bytes_ -= size;
  session_.data_taken_ += size;
  while (size > 0) {
    std::string_view rest = queue_[queue_front_].bytes().substr(front_offset_);
    std::size_t part = std::min(size, rest.size());
    out.append(rest.substr(0, part));
    size -= part;
    front_offset_ += part;
    if (part == rest.size()) {
      const Payload sent = std::move(queue_[queue_front_]);  // with its memory
      RemoveMemory(sent.memory());
      ++queue_front_;
      front_offset_ = 0;
    }
  }
  if (queued_bytes_ == 0) {
    queue_.clear();
    queue_front_ = 0;
    if (!ended_) {
      session_.drained_.PushBack(*this);
    }
  } else if (queue_front_ >= kCompactAt) {
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_front_));
    queue_front_ = 0;
  }
}

template <typename Headers>
const std::vector<nghttp2_nv>& StreamImpl::Fields(const Headers& headers) {
  auto& fields = session_.fields_;
  fields.clear();
  for (const auto& header : headers) {
    fields.push_back({Bytes(header.name), Bytes(header.value), header.name.size(),
                      header.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return fields;
}

template <typename Headers>
void StreamImpl::SubmitTrailers(const Headers& trailers) {
  const auto& fields = Fields(trailers);
  nghttp2_submit_trailer(session_.ng(), id_, fields.data(), fields.size());
}

void StreamImpl::AddMemory(const Payload& payload) {
  const std::size_t size = payload.memory();
  queued_memory_ += size;
  session_.queued_memory_ += size;
}

void StreamImpl::RemoveMemory(std::size_t size) {
  queued_memory_ -= size;
  session_.queued_memory_ -= size;
}

void StreamImpl::DropQueue() {
  RemoveMemory(queued_memory_);
  session_.queued_bytes_ -= queued_bytes_;
  queued_bytes_ = 0;
  queue_.clear();
  queue_front_ = 0;
  front_offset_ = 0;
  trailers_.reset();
}

}  // namespace credential_broker::h2
