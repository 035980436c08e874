#include "sandbox/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/strings.h"

namespace credential_broker::sandbox {
namespace {

constexpr int kBacklog = 1024;
constexpr int kPauseWithoutDescriptorsMs = 50;

struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;
};

absl::StatusOr<HostAndPort> ParseAddress(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  absl::string_view host = ToAbsl(address.substr(0, colon));
  const bool bracketed = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  int port = -1;
  if (colon == std::string_view::npos || host.empty() ||
      (!bracketed && absl::StrContains(host, ":")) ||
      !absl::SimpleAtoi(ToAbsl(address.substr(colon + 1)), &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(
        StrCat("\"", address, "\" is no address: host:port or [v6]:port is expected"));
  }
  return HostAndPort{{host.data(), host.size()}, static_cast<std::uint16_t>(port)};
}

absl::Status SystemError(int error, std::string_view address) {
  const std::string text =
      StrCat("cannot listen on ", address, ": ", std::system_category().message(error));
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(StrCat(text, "; choose another port, or 0 for any"));
    case EADDRNOTAVAIL:
      return absl::InvalidArgumentError(StrCat(text, "; it must be an address of this machine"));
    default:
      return absl::UnavailableError(text);
  }
}

int PortOf(int socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return 0;
  }
  return ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                                           : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

// The socket, or the error in errno.
UniqueFd Listen(const addrinfo& at) {
  UniqueFd socket(::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  if (!socket.valid() || setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(socket.get(), at.ai_addr, at.ai_addrlen) != 0 || listen(socket.get(), kBacklog) != 0) {
    const int error = errno;
    socket = UniqueFd();
    errno = error;
  }
  return socket;
}

}  // namespace

UniqueFd::UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) {
    close(fd_);
  }
}

Listener::Listener(UniqueFd socket, UniqueFd wake, std::string host, int port)
    : socket_(std::move(socket)), wake_(std::move(wake)), host_(std::move(host)), port_(port) {}

absl::StatusOr<std::unique_ptr<Listener>> Listener::Bind(std::string_view address) {
  const auto parsed = ParseAddress(address);
  if (!parsed.ok()) {
    return parsed.status();
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(parsed->host.c_str(), StrCat(parsed->port).c_str(), &hints, &found);
  if (failed != 0) {
    return absl::InvalidArgumentError(
        StrCat("cannot listen on ", address, ": ", gai_strerror(failed)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  UniqueFd socket = Listen(*found);
  if (!socket.valid()) {
    return SystemError(errno, address);
  }
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) {
    return SystemError(errno, address);
  }
  const int port = PortOf(socket.get());
  return std::unique_ptr<Listener>(
      new Listener(std::move(socket), std::move(wake), parsed->host, port));
}

UniqueFd Listener::Accept() {
  while (true) {
    std::array<pollfd, 2> fds = {{{wake_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}}};
    poll(fds.data(), fds.size(), -1);
    if (fds[0].revents != 0) {
      return {};
    }
    UniqueFd accepted(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (accepted.valid()) {
      return accepted;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      poll(fds.data(), 1, kPauseWithoutDescriptorsMs);
    }
  }
}

void Listener::Wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_.get(), &one, sizeof one);
}

std::string HostPort(std::string_view host, int port) {
  return host.find(':') != std::string_view::npos ? StrCat("[", host, "]:", port)
                                                  : StrCat(host, ":", port);
}

}  // namespace credential_broker::sandbox
