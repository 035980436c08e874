#include "h2/test_application.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "h2/ev_loop.h"

namespace credential_broker::h2 {
namespace {

class ScriptedHandler final : public RequestHandler {
 public:
  ScriptedHandler(Stream& stream, Script script) : stream_(stream), script_(std::move(script)) {}
  ScriptedHandler(const ScriptedHandler&) = delete;
  ScriptedHandler& operator=(const ScriptedHandler&) = delete;
  ~ScriptedHandler() override {
    if (script_.on_destroy) {
      script_.on_destroy();
    }
  }

  void OnData(std::string_view bytes) override {
    if (script_.on_data) {
      script_.on_data(stream_, bytes);
    } else {
      stream_.Consume(bytes.size());
    }
  }
  void OnEnd() override {
    if (script_.on_end) {
      script_.on_end(stream_);
    }
  }
  void OnDrained() override {
    if (script_.on_drained) {
      script_.on_drained(stream_);
    }
  }

 private:
  Stream& stream_;
  Script script_;
};

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}

}  // namespace

std::unique_ptr<RequestHandler> ScriptedApplication::OnRequest(Stream& stream, RequestHead head) {
  return std::make_unique<ScriptedHandler>(stream, start_(stream, head));
}

std::unique_ptr<Server> StartServer(Application& application, const Limits& limits, int loops) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.limits = limits;
  options.loops = loops;
  return OrDie(Server::Start(std::move(options), application));
}

unsigned TurnsOf(const Server& server) {
  const auto loop = std::dynamic_pointer_cast<EvLoop>(server.loops().front());
  Signal read;
  unsigned turns = 0;
  loop->Post([&] {
    turns = loop->turns();
    read.Notify();
  });
  if (!read.Await()) {
    std::abort();
  }
  return turns;
}

std::unique_ptr<H2Client> ConnectTo(const Server& server, std::uint32_t stream_window,
                                    bool auto_window_update) {
  H2ClientOptions options;
  options.address = server.address();
  options.stream_window = stream_window;
  options.auto_window_update = auto_window_update;
  return OrDie(H2Client::Connect(options));
}

std::unique_ptr<ByteStream> ConnectBytesTo(const Server& server) {
  return OrDie(ByteStream::Connect(server.address(), std::nullopt));
}

absl::Span<const HeaderView> OkHeaders() {
  static constexpr std::array<HeaderView, 1> kHeaders = {{{":status", "200"}}};
  return kHeaders;
}

absl::Span<const HeaderView> EndTrailers() {
  static constexpr std::array<HeaderView, 1> kTrailers = {{{"x-end", "1"}}};
  return kTrailers;
}

}  // namespace credential_broker::h2
