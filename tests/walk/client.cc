#include "walk/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "support/h2_client.h"

namespace credential_broker::walk {
namespace {

constexpr std::size_t kFrameHeader = 9;
// More than that is not queued: the server does not take it.
constexpr std::size_t kMostQueued = std::size_t{256} * 1024;
// More than Transport::kMaxTlsEvents.
constexpr std::uint32_t kFloodOfUpdates = 150;
// A record of TLS that begins a ClientHello of 66,000 bytes.
constexpr std::string_view kOversizedHello("\x16\x03\x01\x00\x04\x01\x01\x01\xd0", 9);

std::uint32_t ReadBigEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (char byte : bytes) {
    value = value << 8 | static_cast<std::uint8_t>(byte);
  }
  return value;
}

bool IsTransient(int error) { return error == EAGAIN || error == EINTR || error == ENOTCONN; }

// A socket that is being connected, non-blocking; empty: it cannot be. `receive_buffer`: bytes; 0:
// the system's choice.
UniqueFd ConnectSocket(const std::string& address, std::uint8_t source, int receive_buffer) {
  const bool local = address.starts_with("unix:");
  UniqueFd socket(
      ::socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return socket;
  }
  if (receive_buffer > 0) {
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  int result = 0;
  if (local) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, address.c_str() + 5, sizeof(name.sun_path) - 1);
    socklen_t size = sizeof(name);
    if (name.sun_path[0] == '@') {
      name.sun_path[0] = '\0';
      size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() - 5);
    }
    result = ::connect(socket.get(), reinterpret_cast<sockaddr*>(&name), size);
  } else {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    const int on = 1;  // the port is chosen by connect, so that addresses can share it
    ::setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + source);
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)) != 0) {
      return {};
    }
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    result = ::connect(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name));
  }
  if (result != 0 && errno != EINPROGRESS) {
    return {};
  }
  return socket;
}

}  // namespace

Client::Client(const Options& options, Choices& choices, Reached& reached)
    : reached_(reached),
      choices_(choices),
      frames_(options.protocol, choices_),
      shaken_(options.tls == nullptr),
      steps_left_(static_cast<int>(choices_.Below(400)) + 1),
      vanish_after_sent_(std::numeric_limits<std::size_t>::max()),
      manner_(choices_.Below(64)),
      silent_(manner_ / 4 == 1),
      end_(static_cast<End>(manner_ % 4)),
      piece_(choices_.OneIn(3) ? choices_.Below(100) + 1 : 65536),
      reading_(choices_.OneIn(3) ? choices_.Below(3) * 200 : 65536),
      polite_(!choices_.OneIn(3)),
      frames_left_(static_cast<int>(choices_.Below(choices_.OneIn(2) ? 5 : 60))) {
  socket_ = ConnectSocket(options.address, options.source, choices_.OneIn(4) ? 4096 : 0);
  if (!socket_) {
    return;
  }
  ++reached_.connections;
  if (choices_.OneIn(2)) {
    // A TLS handshake of the client is some 300 to 1,500 bytes.
    vanish_after_sent_ = choices_.Below(choices_.OneIn(2) ? 2000 : 20000);
  }
  const std::uint32_t opening = options.tls == nullptr ? 0 : choices_.Below(40);
  if (opening == 0) {
    shaken_ = true;  // no TLS, which a server may not mind
  } else if (opening == 1) {
    silent_ = true;
    wire_ = kOversizedHello;
    ++reached_.oversized_hellos;
  } else {
    ssl_.reset(SSL_new(options.tls));
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
    SSL_set_max_proto_version(ssl_.get(), choices_.OneIn(4) ? TLS1_2_VERSION : TLS1_3_VERSION);
  }
  if (silent_) {
    steps_left_ = steps_left_ / 4 + 1;  // it does nothing more by living longer
    ++reached_.silent;
  }
}

Client::~Client() { Vanish(); }

bool Client::Step() {
  if (!socket_) {
    return false;
  }
  Receive();
  if (!broken_ && !half_closed_) {
    if (!silent_) {
      Act();
    }
    Send();
  }
  --steps_left_;
  if (broken_ || MustVanish()) {
    Vanish();
  }
  return static_cast<bool>(socket_);
}

bool Client::MustVanish() const {
  if (half_closed_) {
    return steps_left_ <= 0;
  }
  if (steps_left_ <= 0 || sent_ >= vanish_after_sent_) {
    return true;
  }
  return end_ != End::kStay && greeted_ && frames_left_ <= 0 && wire_.empty();
}

void Client::Act() {
  if (!shaken_) {
    Handshake();
    return;
  }
  if (!greeted_) {
    greeted_ = true;
    Say(frames_.Hello());
    if (manner_ / 4 == 2) {
      UpdateKeys(kFloodOfUpdates);
    }
  }
  for (int burst = static_cast<int>(choices_.Below(4));
       burst > 0 && frames_left_ > 0 && wire_.size() < kMostQueued; --burst) {
    --frames_left_;
    const std::uint32_t opened = frames_.opened();
    const std::uint32_t reset = frames_.reset();
    Say(frames_.Any());
    reached_.requests += frames_.opened() - opened;
    reached_.client_resets += frames_.reset() - reset;
  }
  if (!frames_.orderly() && choices_.OneIn(50)) {
    ++reached_.garbage;
    wire_.append(choices_.Below(40), static_cast<char>(choices_.Below(256)));
  }
  if (ssl_ != nullptr && choices_.OneIn(20)) {
    UpdateKeys(choices_.OneIn(5) ? kFloodOfUpdates : 1);
  }
}

void Client::UpdateKeys(std::uint32_t count) {
  if (ssl_ == nullptr || SSL_version(ssl_.get()) != TLS1_3_VERSION) {
    return;
  }
  if (count >= kFloodOfUpdates) {
    // To leave would take them back, where it has bytes unread.
    end_ = End::kStay;
    vanish_after_sent_ = std::numeric_limits<std::size_t>::max();
  }
  reached_.key_updates += count;
  for (; count > 0; --count) {
    SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(ssl_.get());
  }
  CollectTls();
}

void Client::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    shaken_ = true;
    ++reached_.handshakes;
  } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    broken_ = choices_.OneIn(2);
  }
  CollectTls();
}

void Client::Say(const std::string& bytes) {
  if (ssl_ == nullptr) {
    wire_ += bytes;
    return;
  }
  ERR_clear_error();
  SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
  CollectTls();
}

void Client::CollectTls() {
  std::array<char, 16384> buffer;
  int size = 0;
  while ((size = BIO_read(SSL_get_wbio(ssl_.get()), buffer.data(), buffer.size())) > 0) {
    wire_.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

void Client::Send() {
  while (!wire_.empty() && sent_ < vanish_after_sent_) {
    const std::size_t size =
        std::min({wire_.size(), std::size_t{piece_}, vanish_after_sent_ - sent_});
    const ssize_t sent = ::send(socket_.get(), wire_.data(), size, MSG_NOSIGNAL);
    if (sent < 0) {
      broken_ = !IsTransient(errno) && errno != EINPROGRESS;
      return;
    }
    sent_ += static_cast<std::size_t>(sent);
    wire_.erase(0, static_cast<std::size_t>(sent));
    if (piece_ < 1000) {
      return;  // a slow writer
    }
  }
}

void Client::Receive() {
  // In the handshake it reads always, or else there is none.
  const std::size_t most = shaken_ ? reading_ : 65536;
  if (most == 0) {
    return;
  }
  std::array<char, 65536> buffer;
  const ssize_t size = ::recv(socket_.get(), buffer.data(), std::min(most, buffer.size()), 0);
  if (size == 0 || (size < 0 && !IsTransient(errno))) {
    broken_ = true;
  } else if (size > 0) {
    Take(buffer.data(), static_cast<std::size_t>(size));
  }
}

void Client::Take(const char* bytes, std::size_t size) {
  if (ssl_ == nullptr) {
    parsed_.append(bytes, size);
    Parse();
    return;
  }
  BIO_write(SSL_get_rbio(ssl_.get()), bytes, static_cast<int>(size));
  if (!shaken_) {
    return;
  }
  std::array<char, 16384> buffer;
  int read = 0;
  ERR_clear_error();
  while ((read = SSL_read(ssl_.get(), buffer.data(), buffer.size())) > 0) {
    parsed_.append(buffer.data(), static_cast<std::size_t>(read));
  }
  CollectTls();
  Parse();
}

void Client::Parse() {
  std::size_t at = 0;
  while (parsed_.size() - at >= kFrameHeader) {
    const std::string_view rest = std::string_view(parsed_).substr(at);
    const std::size_t size = ReadBigEndian(rest.substr(0, 3));
    if (rest.size() < kFrameHeader + size) {
      break;
    }
    const auto type = static_cast<std::uint8_t>(rest[3]);
    const auto flags = static_cast<std::uint8_t>(rest[4]);
    const std::uint32_t stream = ReadBigEndian(rest.substr(5, 4)) & 0x7fffffff;
    const bool ack = (flags & NGHTTP2_FLAG_ACK) != 0;
    if (type == NGHTTP2_DATA || type == NGHTTP2_HEADERS) {
      reached_.responses += (flags & NGHTTP2_FLAG_END_STREAM) != 0 ? 1 : 0;
      if (type == NGHTTP2_DATA && size > 0 && polite_) {
        const std::string step = BigEndian32(static_cast<std::uint32_t>(size));
        Say(H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, step) +
            H2Frame(NGHTTP2_WINDOW_UPDATE, 0, stream, step));
      }
    } else if (type == NGHTTP2_GOAWAY) {
      ++reached_.goaways;
    } else if (type == NGHTTP2_RST_STREAM) {
      ++reached_.server_resets;
    } else if (type == NGHTTP2_PING && !ack && polite_) {
      Say(H2Frame(NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, rest.substr(kFrameHeader, size)));
    }
    at += kFrameHeader + size;
  }
  parsed_.erase(0, at);
}

void Client::Vanish() {
  if (!socket_) {
    return;
  }
  if (end_ == End::kHalfClose && !half_closed_ && !broken_) {
    half_closed_ = true;
    steps_left_ = 20;
    vanish_after_sent_ = std::numeric_limits<std::size_t>::max();
    ++reached_.half_closes;
    ::shutdown(socket_.get(), SHUT_WR);
    return;
  }
  ++reached_.vanished;
  reached_.vanished_in_handshake += shaken_ ? 0 : 1;
  reached_.vanished_in_frame += wire_.empty() ? 0 : 1;
  if (end_ == End::kReset) {
    ++reached_.tcp_resets;
    const linger reset{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  }
  socket_ = UniqueFd();
}

}  // namespace credential_broker::walk
