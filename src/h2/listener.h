#ifndef CREDENTIAL_BROKER_H2_LISTENER_H_
#define CREDENTIAL_BROKER_H2_LISTENER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "h2/address.h"

namespace credential_broker::h2 {

// Takes a unix socket's file away at the end, unless another process has put its own there by then.
class UnixSocketFile {
 public:
  UnixSocketFile() = default;
  explicit UnixSocketFile(std::string path);
  UnixSocketFile(UnixSocketFile&& other) noexcept;
  UnixSocketFile& operator=(UnixSocketFile&& other) noexcept;
  UnixSocketFile(const UnixSocketFile&) = delete;
  UnixSocketFile& operator=(const UnixSocketFile&) = delete;
  ~UnixSocketFile() { Remove(); }

  void Remove();

 private:
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// Listening, non-blocking sockets of one address, one for each loop.
struct Listener {
  std::string address;  // with the real port
  std::vector<UniqueFd> sockets;
  UnixSocketFile file;  // of a unix socket
};

// Over TCP each socket has its own queue (SO_REUSEPORT), the first of them bound such that a port
// on which anybody listens is an error, another broker included. Over unix they are one queue, and
// a file that is left over from a process that is gone is replaced; `unix_mode`: its permissions.
//
// ALREADY_EXISTS: somebody listens there. Other errors: the address is not this machine's, not
// allowed, …
absl::StatusOr<Listener> Listen(const ListenAddress& address, int sockets, std::uint32_t unix_mode);

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_LISTENER_H_
