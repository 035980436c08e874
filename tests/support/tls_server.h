#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_TLS_SERVER_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_TLS_SERVER_H_

#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "support/test_ca.h"

namespace credential_broker {

// One accepted connection, in the hands of a script that may break any rule.
class TlsPeer {
 public:
  TlsPeer(int fd, SSL_CTX* context);
  ~TlsPeer();
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  bool Handshake();
  // A whole request, head and body; empty once the peer has left.
  std::string ReadRequest();
  // False: the peer has left.
  bool Write(std::string_view bytes);
  void WriteUnencrypted(std::string_view bytes);
  // Closes with a TCP reset instead of an orderly end.
  void Reset();
  // Until the peer leaves or the server ends.
  void AwaitLeave();
  // Whether it does so within `limit`.
  bool PeerLeavesWithin(absl::Duration limit);

  int fd() const { return fd_; }

 private:
  int fd_;
  SSL* ssl_;
};

// A server on 127.0.0.1 that runs `script` for each connection on a thread of its own. The
// destructor cuts every connection and waits for the scripts.
class TlsServer {
 public:
  using Script = std::function<void(TlsPeer&)>;

  TlsServer(const PemIdentity& identity, Script script);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  int port() const { return port_; }
  std::string Url(std::string_view path) const;
  int connections() const { return connections_; }

  // "HTTP/1.1 STATUS …" with `headers` (each ended by \r\n) and a body of known length.
  static std::string Answer(int status, std::string_view body, std::string_view headers = "");

 private:
  void Accept();

  const Script script_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  bool stopped_ = false;           // under mutex_
  std::list<int> open_;            // under mutex_
  std::vector<std::thread> runs_;  // of the accepting thread until it is joined
  std::thread accepting_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_TLS_SERVER_H_
