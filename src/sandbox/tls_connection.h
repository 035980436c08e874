#ifndef CREDENTIAL_BROKER_SANDBOX_TLS_CONNECTION_H_
#define CREDENTIAL_BROKER_SANDBOX_TLS_CONNECTION_H_

#include <atomic>
#include <cstddef>
#include <string_view>

#include "absl/time/time.h"
#include "sandbox/certificate.h"
#include "sandbox/http1.h"
#include "sandbox/listener.h"
#include "sandbox/message.h"

namespace credential_broker::sandbox {

// The server's end of one TLS connection, blocking, with time-outs. One thread uses it; Abort is
// for any.
class TlsConnection : public ByteStream, public Caller {
 public:
  TlsConnection(SSL_CTX* context, UniqueFd socket);

  bool Handshake();

  std::size_t Read(char* data, std::size_t size) override;
  bool Write(std::string_view bytes) override;

  // A byte at a time, with a pause before each. Stops early when the caller leaves.
  bool Drip(std::string_view bytes, absl::Duration pause);

  bool Gone() const override;

  // Tells the other end that nothing more comes.
  void CloseNotify();

  // The same, then takes in what was on its way here: closed with bytes unread, TCP would reset the
  // connection and the answer with it.
  void CloseAfterDraining();

  // Whether it waits for a request that need not come. Thread-safe.
  bool idle() const { return idle_; }
  void set_idle(bool idle) { idle_ = idle; }

  // Ends every call that is blocked here, and the connection. Thread-safe.
  void Abort() const;

 private:
  UniqueFd socket_;
  SslPtr ssl_;
  std::atomic<bool> idle_ = false;
};

// Closes a connection so that the other end sees a reset.
void Reset(UniqueFd socket);

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_SANDBOX_TLS_CONNECTION_H_
