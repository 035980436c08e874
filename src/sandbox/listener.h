#ifndef CREDENTIAL_BROKER_SANDBOX_LISTENER_H_
#define CREDENTIAL_BROKER_SANDBOX_LISTENER_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace credential_broker::sandbox {

// A file descriptor that is closed with its owner.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept;
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// A listening TCP socket. Accept is called by one thread, Wake by any.
class Listener {
 public:
  // `address`: "host:port" or "[v6]:port"; port 0: any. ALREADY_EXISTS: another process has the
  // port. INVALID_ARGUMENT: no such address. UNAVAILABLE: anything else.
  static absl::StatusOr<std::unique_ptr<Listener>> Bind(std::string_view address);

  // The next connection; not valid after Wake.
  UniqueFd Accept();

  // Ends Accept, now and from here on.
  void Wake();

  const std::string& host() const { return host_; }  // as it was given, without brackets
  int port() const { return port_; }                 // as bound

 private:
  Listener(UniqueFd socket, UniqueFd wake, std::string host, int port);

  UniqueFd socket_;
  UniqueFd wake_;
  std::string host_;
  int port_;
};

// "127.0.0.1:8443", "[::1]:8443"
std::string HostPort(std::string_view host, int port);

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_LISTENER_H_
