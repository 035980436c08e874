#ifndef CREDENTIAL_BROKER_TESTS_H2_TEST_APPLICATION_H_
#define CREDENTIAL_BROKER_TESTS_H2_TEST_APPLICATION_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "base/mutex.h"
#include "h2/echo_application.h"
#include "h2/server.h"
#include "h2/stream.h"
#include "support/h2_client.h"

namespace credential_broker::h2 {

// Counts events of other threads and waits for them.
class Signal {
 public:
  void Notify() {
    MutexLock lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  // Until Notify has been called `count` times; false: it takes too long.
  bool Await(int count = 1) {
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    MutexLock lock(mutex_);
    while (count_ < count) {
      if (changed_.wait_until(mutex_, until) == std::cv_status::timeout) {
        return false;
      }
    }
    return true;
  }
  int count() {
    MutexLock lock(mutex_);
    return count_;
  }

 private:
  Mutex mutex_;
  std::condition_variable_any changed_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// What a test does in a handler's calls. All may be left out: bytes are consumed then.
struct Script {
  std::function<void(Stream&, std::string_view)> on_data;
  std::function<void(Stream&)> on_end;
  std::function<void(Stream&)> on_drained;
  std::function<void()> on_destroy;
};

// Runs a test's script for each request.
class ScriptedApplication final : public Application {
 public:
  using Start = std::function<Script(Stream&, const RequestHead&)>;
  explicit ScriptedApplication(Start start) : start_(std::move(start)) {}

  std::unique_ptr<RequestHandler> OnRequest(Stream& stream, RequestHead head) override;

 private:
  const Start start_;
};

// A server on loopback; ends the test's process if it does not start.
std::unique_ptr<Server> StartServer(Application& application, const Limits& limits = {},
                                    int loops = 1);

// How often the loop of a server that has one has gone round.
unsigned TurnsOf(const Server& server);

// A client of `server`, over plaintext; likewise.
std::unique_ptr<H2Client> ConnectTo(const Server& server, std::uint32_t stream_window = 65535,
                                    bool auto_window_update = true);
std::unique_ptr<ByteStream> ConnectBytesTo(const Server& server);

// ":status" 200, and a trailer "x-end" 1.
absl::Span<const HeaderView> OkHeaders();
absl::Span<const HeaderView> EndTrailers();

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_TESTS_H2_TEST_APPLICATION_H_
