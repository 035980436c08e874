#include "rpc/test_front.h"

#include <utility>

#include "base/strings.h"
#include "gtest/gtest.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {

h2::RequestHead GrpcHead(std::string path, std::vector<h2::Header> more) {
  h2::RequestHead head;
  head.method = "POST";
  head.path = std::move(path);
  head.scheme = "http";
  head.authority = "broker";
  head.headers = {{"content-type", "application/grpc"}, {"te", "trailers"}};
  head.headers.insert(head.headers.end(), more.begin(), more.end());
  return head;
}

TestRequest::TestRequest(GrpcApplication& application, FakeLoop& loop, h2::RequestHead head)
    : stream_(loop), handler_(application.OnRequest(stream_, std::move(head))) {}

TestRequest::~TestRequest() { EXPECT_EQ(stream_.misuse, 0); }

ScriptedHandler::ScriptedHandler(Call& call, HandlerLog& log, const Script& script)
    : call_(call), log_(log), script_(script) {
  ++log_.made;
  log_.call = &call;
}

ScriptedHandler::~ScriptedHandler() {
  ++log_.destroyed;
  if (script_.on_destroyed) {
    script_.on_destroyed(call_);
  }
}

void ScriptedHandler::OnMessage(std::string_view message) {
  log_.messages.emplace_back(message);
  if (script_.on_message) {
    script_.on_message(call_, message);
  }
}

void ScriptedHandler::OnHalfClose() {
  ++log_.half_closes;
  if (script_.on_half_close) {
    script_.on_half_close(call_);
  }
}

TestFront::TestFront(MethodOptions options) {
  for (const char* method : {"One", "Down", "Up", "Both"}) {
    router.Add(
        TestService(), method,
        [this](rpc::Call& call) { return std::make_unique<ScriptedHandler>(call, log, script); },
        options);
  }
}

TestRequest TestFront::Call(std::string_view method, std::vector<h2::Header> more) {
  return Request(GrpcHead(StrCat("/test.Kinds/", method), std::move(more)));
}

}  // namespace credential_broker::rpc
