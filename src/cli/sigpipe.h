#ifndef CREDENTIAL_BROKER_CLI_SIGPIPE_H_
#define CREDENTIAL_BROKER_CLI_SIGPIPE_H_

#include <csignal>

namespace credential_broker::cli {

// While it lives, a write that nobody reads is an error like any other, not a signal. Then all is
// as before, for what exec starts inherits it. For the one thread of a client command.
class SigpipeIgnored {
 public:
  SigpipeIgnored() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &ignore, &before_);
  }
  ~SigpipeIgnored() { sigaction(SIGPIPE, &before_, nullptr); }
  SigpipeIgnored(const SigpipeIgnored&) = delete;
  SigpipeIgnored& operator=(const SigpipeIgnored&) = delete;

 private:
  struct sigaction before_ = {};
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_SIGPIPE_H_
