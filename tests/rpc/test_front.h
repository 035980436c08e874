#ifndef CREDENTIAL_BROKER_TESTS_RPC_TEST_FRONT_H_
#define CREDENTIAL_BROKER_TESTS_RPC_TEST_FRONT_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/call_observer.h"
#include "rpc/fake_stream.h"
#include "rpc/grpc_application.h"
#include "rpc/router.h"

namespace credential_broker::rpc {

// The headers of a well-formed call; `more` come after them.
h2::RequestHead GrpcHead(std::string path, std::vector<h2::Header> more = {});

// One request to a GrpcApplication, from its client's side.
class TestRequest {
 public:
  TestRequest(GrpcApplication& application, FakeLoop& loop, h2::RequestHead head);
  ~TestRequest();

  void Data(std::string_view bytes) { handler_->OnData(bytes); }
  void End() { handler_->OnEnd(); }
  // The client, or its connection, goes away.
  void Close() { handler_.reset(); }
  void Take(std::size_t size) { stream_.Take(size, *handler_); }

  FakeStream& stream() { return stream_; }
  // "0" and so on; empty: not finished.
  std::string status() const { return stream_.Trailer("grpc-status").value_or(""); }
  std::string message() const { return stream_.Trailer("grpc-message").value_or(""); }

 private:
  FakeStream stream_;
  std::unique_ptr<h2::RequestHandler> handler_;
};

// What a scripted handler did and saw. Outlives the handlers.
struct HandlerLog {
  Call* call = nullptr;  // of the last handler
  std::vector<std::string> messages;
  int made = 0;
  int half_closes = 0;
  int drains = 0;
  int destroyed = 0;
};

// A handler that notes what comes, and lets `on_message` and `on_half_close` answer.
class ScriptedHandler : public CallHandler {
 public:
  struct Script {
    std::function<void(Call&, std::string_view)> on_message;
    std::function<void(Call&)> on_half_close;
    std::function<void(Call&)> on_destroyed;
  };
  ScriptedHandler(Call& call, HandlerLog& log, const Script& script);
  ~ScriptedHandler() override;
  void OnMessage(std::string_view message) override;
  void OnHalfClose() override;
  void OnDrained() override { ++log_.drains; }

 private:
  Call& call_;
  HandlerLog& log_;
  const Script& script_;  // a test may change it while the call runs
};

class RecordingObserver : public CallObserver {
 public:
  void OnStarted(const Method& method) override { events.push_back("started " + method.name); }
  void OnFinished(const Method& method, absl::StatusCode code, absl::Duration took) override {
    events.push_back("finished " + method.name + " " + absl::StatusCodeToString(code) + " " +
                     absl::FormatDuration(took));
  }
  std::vector<std::string> events;
};

// A front with TestService, each method of it served by a ScriptedHandler.
struct TestFront {
  explicit TestFront(MethodOptions options = {});
  TestRequest Request(h2::RequestHead head) {
    return TestRequest(application, loop, std::move(head));
  }
  TestRequest Call(std::string_view method, std::vector<h2::Header> more = {});

  std::shared_ptr<FakeLoop> loop_owner = std::make_shared<FakeLoop>();
  FakeLoop& loop = *loop_owner;
  RecordingObserver observer;
  HandlerLog log;
  ScriptedHandler::Script script;
  Router router;
  GrpcApplication application{router, loop, &observer};
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_TESTS_RPC_TEST_FRONT_H_
