#ifndef CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_FUZZ_CLIENT_H_
#define CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_FUZZ_CLIENT_H_

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "base/unique_fd.h"
#include "broker_front/answer_reader.h"
#include "broker_front/calls.h"

namespace credential_broker::service {

// The listening socket that all runs share.
class SharedListener {
 public:
  SharedListener() {
    std::signal(SIGPIPE, SIG_IGN);
    const std::string name = StrCat("broker_front_fuzz.", ::getpid());
    address_.sun_family = AF_UNIX;
    std::memcpy(address_.sun_path + 1, name.data(), name.size());
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    socket_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    Require(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address_), size_) == 0, "bind");
    Require(::listen(socket_.get(), 64) == 0, "listen");
  }
  UniqueFd listener() const { return UniqueFd(::fcntl(socket_.get(), F_DUPFD_CLOEXEC, 0)); }
  UniqueFd Connect() const {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const bool connected =
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address_), size_) == 0;
    return connected ? std::move(socket) : UniqueFd();
  }

 private:
  sockaddr_un address_{};
  socklen_t size_ = 0;
  UniqueFd socket_;
};

// A stream as its client knows it.
struct OpenStream {
  std::uint8_t method;
  Caller caller;
  std::uint8_t policies;  // those in force since it was opened
};

// A connection. It never blocks.
class Client {
 public:
  Client(UniqueFd socket, AnswerReader::OnMessage on_message)
      : socket_(std::move(socket)), reader_(std::move(on_message)) {}

  void Send(std::string_view bytes) { unsent_ += bytes; }
  // Sends and receives as far as goes at once.
  void Turn() {
    const ssize_t sent = ::send(socket_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    unsent_.erase(0, sent > 0 ? static_cast<std::size_t>(sent) : 0);
    std::array<char, 65536> buffer;
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size > 0) {
      reader_.Read(std::string_view(buffer.data(), static_cast<std::size_t>(size)));
    }
  }
  void Open(const OpenStream& stream) { streams_[next_stream_] = stream; }
  std::uint32_t TakeStreamId() { return std::exchange(next_stream_, next_stream_ + 2); }
  // One of the last.
  std::uint32_t StreamBack(std::uint8_t back) const {
    return next_stream_ - std::min<std::uint32_t>(next_stream_ - 1, 2U * (back % 8 + 1));
  }
  std::map<std::uint32_t, OpenStream>& streams() { return streams_; }

  // It has sent bytes that need not be frames: its streams may be any.
  bool wild = false;

 private:
  UniqueFd socket_;
  AnswerReader reader_;
  std::string unsent_;
  std::uint32_t next_stream_ = 1;
  std::map<std::uint32_t, OpenStream> streams_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_FUZZ_CLIENT_H_
