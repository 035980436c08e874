#include "h2/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "base/strings.h"

namespace credential_broker::h2 {
namespace {

// The kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 4096;
// Bytes: the answers of all streams of a connection, twice.
constexpr int kSendBuffer = 256 * 1024;

absl::Status Failed(std::string_view address, int error) {
  auto text = [&](std::string_view mend) {
    return StrCat("cannot listen on ", address, ": ", std::generic_category().message(error), mend);
  };
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(text(
          "; another process has it (ss -ltnp tells which): stop that or choose another port"));
    case EADDRNOTAVAIL:
      return absl::InvalidArgumentError(
          text("; this machine has no such address: 0.0.0.0 or [::] is every one that it has"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(
          text("; choose a port from 1024 up, or a directory that this user may write to"));
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(text("; make its directory first"));
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(text("; raise the limit of open files (ulimit -n)"));
    default:
      return absl::UnavailableError(text(""));
  }
}

void SetOption(int fd, int level, int name) {
  int on = 1;
  setsockopt(fd, level, name, &on, sizeof(on));
}

absl::StatusOr<UniqueFd> BindTcp(const sockaddr_storage& address, socklen_t size, bool first,
                                 std::string_view shown) {
  UniqueFd fd(::socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    return Failed(shown, errno);
  }
  SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (address.ss_family == AF_INET6) {
    int off = 0;  // [::] takes IPv4 too
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  // Connections inherit it; without it the kernel takes megabytes of what a peer does not read.
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof(kSendBuffer));
  if (!first) {
    SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return Failed(shown, errno);
  }
  if (first) {
    // Only now: bound without it, the port was free. The others may join.
    SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  }
  return fd;
}

absl::StatusOr<Listener> ListenTcp(const TcpAddress& address, int sockets) {
  std::string shown =
      StrCat(address.host.find(':') == std::string::npos ? address.host : "[" + address.host + "]",
             ":", address.port);
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (int error = getaddrinfo(address.host.c_str(), nullptr, &hints, &found); error != 0) {
    return absl::InvalidArgumentError(StrCat("cannot listen on ", shown, ": no address for \"",
                                             address.host, "\": ", gai_strerror(error),
                                             "; write a name that resolves, or a number"));
  }
  std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  // A name with several addresses: IPv4 first, as most clients of "localhost" expect.
  const addrinfo* chosen = found;
  for (const addrinfo* i = found; i != nullptr; i = i->ai_next) {
    if (i->ai_family == AF_INET) {
      chosen = i;
      break;
    }
  }
  sockaddr_storage bound{};
  socklen_t size = chosen->ai_addrlen;
  std::memcpy(&bound, chosen->ai_addr, size);
  auto& port = chosen->ai_family == AF_INET ? reinterpret_cast<sockaddr_in&>(bound).sin_port
                                            : reinterpret_cast<sockaddr_in6&>(bound).sin6_port;
  port = htons(address.port);

  Listener listener;
  for (int i = 0; i < sockets; ++i) {
    auto fd = BindTcp(bound, size, i == 0, shown);
    if (!fd.ok()) {
      return fd.status();
    }
    if (i == 0) {
      getsockname(fd->get(), reinterpret_cast<sockaddr*>(&bound), &size);
    }
    listener.sockets.push_back(*std::move(fd));
  }
  for (const UniqueFd& fd : listener.sockets) {
    if (::listen(fd.get(), kBacklog) != 0) {
      return Failed(shown, errno);
    }
  }
  listener.address = FormatAddress(bound);
  return listener;
}

sockaddr_un UnixName(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

// Opens the folder of `path`. Its mode is the operator's: a Kubernetes emptyDir is writable by all.
absl::StatusOr<UniqueFd> OpenFolder(const std::string& path, const std::string& shown) {
  const std::string folder = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  UniqueFd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return Failed(shown, errno);
  }
  return fd;
}

// Returns OK if nothing is at `path`, or a socket that no process listens on.
absl::Status CheckFree(const std::string& path, const std::string& shown) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return absl::OkStatus();  // bind returns what else is wrong
  }
  if (!S_ISSOCK(status.st_mode)) {
    return absl::FailedPreconditionError(StrCat("cannot listen on ", shown,
                                                ": there is a file which is not a socket; "
                                                "move it away or choose another path"));
  }
  UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe) {
    return Failed(shown, errno);
  }
  sockaddr_un name = UnixName(path);
  const bool connected =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
  const int error = connected ? 0 : errno;
  switch (error) {
    case ECONNREFUSED:  // a socket whose process is gone
    case ENOENT:
      return absl::OkStatus();
    case 0:
    case EAGAIN:
      return absl::AlreadyExistsError(
          StrCat("cannot listen on ", shown,
                 ": another process listens there; stop it or choose another path"));
    default:
      return absl::PermissionDeniedError(
          StrCat("cannot listen on ", shown, ": whether another process listens there is unknown (",
                 std::generic_category().message(error),
                 "); remove the socket if it does not, or choose another path"));
  }
}

absl::StatusOr<Listener> ListenUnix(const UnixAddress& address, int sockets, std::uint32_t mode) {
  std::string shown = StrCat("unix:", address.path);
  absl::StatusOr<UniqueFd> folder = OpenFolder(address.path, shown);
  if (!folder.ok()) {
    return folder.status();
  }
  if (absl::Status free = CheckFree(address.path, shown); !free.ok()) {
    return free;
  }
  // Bound under another name and moved when it is ready: nobody meets it with the wrong
  // permissions, or before it listens.
  std::string temporary = StrCat(address.path, ".new");
  const std::string last = address.path.substr(address.path.rfind('/') + 1);
  const std::string last_temporary = StrCat(last, ".new");
  const int in = folder->get();
  ::unlinkat(in, last_temporary.c_str(), 0);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) {
    return Failed(shown, errno);
  }
  sockaddr_un name = UnixName(temporary);
  // The mode of the socket before it is bound is that of its file, less the umask: never wider than
  // it is to be. fchmodat then adds what the umask took. It follows no link.
  if (::fchmod(fd.get(), mode) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0) {
    return Failed(shown, errno);
  }
  if (::fchmodat(in, last_temporary.c_str(), mode, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::listen(fd.get(), kBacklog) != 0 ||
      ::renameat(in, last_temporary.c_str(), in, last.c_str()) != 0) {
    int error = errno;
    ::unlinkat(in, last_temporary.c_str(), 0);
    return Failed(shown, error);
  }
  Listener listener;
  listener.address = shown;
  listener.file = UnixSocketFile(address.path);
  for (int i = 1; i < sockets; ++i) {
    listener.sockets.emplace_back(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!listener.sockets.back()) {
      return Failed(shown, errno);
    }
  }
  listener.sockets.push_back(std::move(fd));
  return listener;
}

}  // namespace

UnixSocketFile::UnixSocketFile(std::string path) : path_(std::move(path)) {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) == 0) {
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
}

UnixSocketFile::UnixSocketFile(UnixSocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

UnixSocketFile& UnixSocketFile::operator=(UnixSocketFile&& other) noexcept {
  if (this != &other) {
    Remove();
    path_ = std::exchange(other.path_, {});
    device_ = other.device_;
    inode_ = other.inode_;
  }
  return *this;
}

void UnixSocketFile::Remove() {
  struct stat status {};
  if (!path_.empty() && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  path_.clear();
}

absl::StatusOr<Listener> Listen(const ListenAddress& address, int sockets,
                                std::uint32_t unix_mode) {
  if (const auto* tcp = std::get_if<TcpAddress>(&address)) {
    return ListenTcp(*tcp, sockets);
  }
  return ListenUnix(std::get<UnixAddress>(address), sockets, unix_mode);
}

}  // namespace credential_broker::h2
