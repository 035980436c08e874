// Raw bytes into an HTTP/2 connection, without a socket. The first byte says how they are cut into
// reads, the second whether they follow the preface, and how much of the output is taken at a time.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "h2/echo_application.h"
#include "h2/http2_session.h"
#include "support/fake_loop.h"
#include "support/h2_client.h"

namespace credential_broker::h2 {
namespace {

class NoOwner final : public SessionOwner {
 public:
  void OnPending() override {}
};

class Front {
 public:
  // What the sessions of this target do needs no loop.
  Front() { loop_.RefuseTasks(); }
  void Run(std::string_view bytes, std::size_t part, std::size_t output) {
    NoOwner owner;
    Http2Session session(environment_, Peer(), owner);
    double now = 0;
    while (!bytes.empty() && !session.finished()) {
      std::string_view read = bytes.substr(0, std::min(part, bytes.size()));
      bytes.remove_prefix(read.size());
      session.Receive(read, now += 0.001);
      std::string out;
      session.Produce(out, output);
      session.FinishBatch();
      if (session.queued_output() > 64 * 1024 * 1024 ||
          session.open_streams() > limits_.max_streams) {
        std::abort();
      }
    }
    session.BeginShutdown();
    session.FinishShutdown();
    std::string out;
    session.Produce(out, 1024 * 1024);
    session.FinishBatch();
  }

 private:
  EchoApplication application_{};
  const Limits limits_{};
  SessionTemplate session_template_{limits_};
  Counters counters_{};
  FakeLoop loop_{};
  SessionEnvironment environment_{application_, limits_, session_template_, counters_, loop_};
};

}  // namespace
}  // namespace credential_broker::h2

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static credential_broker::h2::Front front;
  if (size < 2) {
    return 0;
  }
  std::string bytes;
  if ((data[1] & 1) != 0) {
    bytes = credential_broker::H2Hello();
  }
  bytes.append(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::size_t part = data[0] == 0 ? bytes.size() : data[0];
  front.Run(bytes, part, (data[1] & 2) != 0 ? 100 : 1024 * 1024);
  return 0;
}
