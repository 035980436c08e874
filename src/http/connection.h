#ifndef CREDENTIAL_BROKER_HTTP_CONNECTION_H_
#define CREDENTIAL_BROKER_HTTP_CONNECTION_H_

#include <cstddef>
#include <string>

#include "base/clock.h"
#include "http/allowed_hosts.h"
#include "http/pages.h"

namespace credential_broker::http {

// What a listener serves, and under which names.
struct Site {
  Pages pages;
  AllowedHosts hosts;
};

// One request, one answer, and the end. Not thread-safe.
class Connection {
 public:
  // Longer header sections are refused with 431.
  static constexpr std::size_t kMaxHead = 8 * 1024;

  // Takes over `socket`, which is non-blocking. `deadline`: of the whole of it, for whoever owns
  // the connection to keep.
  Connection(int socket, BootTime deadline) : socket_(socket), deadline_(deadline) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int socket() const { return socket_; }
  BootTime deadline() const { return deadline_; }
  // Of poll(2).
  short events() const;  // NOLINT(google-runtime-int): the type that poll has

  // Reads or writes as far as goes without waiting. False: it is over.
  bool Proceed(const Site& site);

 private:
  enum class Phase {
    kReading,
    kWriting,
    kLeaving,  // what the peer still sends is thrown away: closing earlier would break the answer
  };

  bool Read(const Site& site);
  void Answer(const Site& site, std::string_view head);
  bool Write();
  bool Discard();

  const int socket_;
  const BootTime deadline_;
  Phase phase_ = Phase::kReading;
  std::string received_;
  std::string answer_;
  std::size_t written_ = 0;
};

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_CONNECTION_H_
