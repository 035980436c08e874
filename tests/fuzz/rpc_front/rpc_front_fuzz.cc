// One request, its headers and its DATA in any pieces, into the gRPC front over a stream that is
// not there.
//
// The input: the path, then header fields "name: value", each a line, up to an empty line; then
// steps. A step is a byte n > 0 and n bytes of DATA, or a 0 and a letter: see Step.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "rpc/fake_stream.h"
#include "rpc/grpc_application.h"
#include "rpc/health_service.h"
#include "rpc/reflection_service.h"
#include "rpc/router.h"
#include "rpc/status.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

// Answers as its messages say: a long answer, initial metadata, an error that repeats the message,
// or an echo.
class ObedientHandler : public CallHandler {
 public:
  explicit ObedientHandler(Call& call) : call_(call) {}
  void OnMessage(std::string_view message) override {
    const std::string text(message);
    switch (message.empty() ? '\0' : message.front()) {
      case 'l':
        call_.SendMessage(std::string(100000, 'x'));
        break;
      case 'm':
        call_.SendInitialMetadata({{text, text}, {"k", text}, {"k-bin", text}});
        break;
      case 'e': {
        google::rpc::Status status = MakeStatus(absl::StatusCode::kAborted, text);
        status.add_details()->set_value(text);
        call_.Finish(status, {{text, text}, {"k", text}, {"k-bin", text}});
        break;
      }
      case 'p':
        call_.Ref()->Post([text](Call& call) { call.SendMessage(text); });
        break;
      default:
        call_.SendMessage(text);
    }
  }
  void OnHalfClose() override { call_.Finish({}, call_.metadata()); }

 private:
  Call& call_;
};

struct Front {
  Front() {
    health.AddTo(router);
    AddReflection(router);
    for (const char* method : {"One", "Down", "Up", "Both"}) {
      router.Add(TestService(), method,
                 [](Call& call) { return std::make_unique<ObedientHandler>(call); },
                 {.max_message = 1000});
    }
  }
  HealthService health;
  Router router;
};

// Takes a line off `rest`; what has no end of line is a line as well.
std::string_view TakeLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

h2::RequestHead TakeHead(std::string_view& rest) {
  h2::RequestHead head;
  head.method = "POST";
  head.path = TakeLine(rest);
  for (std::string_view line = TakeLine(rest); !line.empty(); line = TakeLine(rest)) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) {
      head.method = line;
    } else {
      head.headers.push_back(
          {std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
    }
  }
  return head;
}

void RequireHttp2(const std::vector<h2::Header>& fields) {
  for (const h2::Header& field : fields) {
    for (char c : field.name) {
      Require(c > ' ' && c <= '~' && (c < 'A' || c > 'Z'), "names are HTTP/2's");
    }
    for (char c : field.value) {
      Require(c >= ' ' && c <= '~', "values are printable");
    }
  }
}

class Exchange {
 public:
  Exchange(Front& front, h2::RequestHead head)
      : front_(front),
        application_(front.router, loop_),
        stream_(loop_),
        handler_(application_.OnRequest(stream_, std::move(head))) {
    Require(handler_ != nullptr, "there is a handler");
  }

  void Data(std::string_view bytes) {
    if (!ended_ && handler_ != nullptr) {
      fed_ += bytes.size();
      const auto copy = std::make_unique<std::string>(bytes);
      handler_->OnData(*copy);
    }
  }

  void Step(char letter) {
    switch (letter) {
      case 'e':
        if (!ended_ && handler_ != nullptr) {
          ended_ = true;
          handler_->OnEnd();
        }
        break;
      case 'w':
        stream_.CloseWindow();
        break;
      case 't':
        if (handler_ != nullptr) {
          stream_.Take(50000, *handler_);
        }
        break;
      case 'd':
        loop_.Advance(absl::Milliseconds(10));
        break;
      case 'p':
        loop_.RunPosted();
        break;
      case 's':
        front_.health.Set("s", ServingStatus::kServing);
        front_.health.Set("s", ServingStatus::kNotServing);
        break;
      case 'x':
        handler_.reset();
        break;
      default:
        break;
    }
  }

  void Check() {
    Require(stream_.misuse == 0, "the stream is used as HTTP/2 allows");
    Require(stream_.consumed <= fed_, "no byte is consumed twice");
    if (handler_ != nullptr && (stream_.ended() || stream_.unsent_bytes() == 0)) {
      Require(stream_.consumed == fed_, "nothing is held back without a reason");
    }
    RequireHttp2(stream_.headers());
    RequireHttp2(stream_.trailers());
    Require(stream_.trailers().empty() || stream_.Trailer("grpc-status").has_value(),
            "an answer has a status");
  }

 private:
  Front& front_;
  std::shared_ptr<FakeLoop> loop_owner_ = std::make_shared<FakeLoop>();
  FakeLoop& loop_ = *loop_owner_;
  GrpcApplication application_;
  FakeStream stream_;
  std::unique_ptr<h2::RequestHandler> handler_;
  bool ended_ = false;
  std::size_t fed_ = 0;
};

void Run(std::string_view rest) {
  static Front& front = *new Front();
  Exchange exchange(front, TakeHead(rest));
  exchange.Check();
  while (!rest.empty()) {
    const auto size = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    if (size > 0) {
      exchange.Data(rest.substr(0, size));
      rest.remove_prefix(std::min<std::size_t>(size, rest.size()));
    } else if (!rest.empty()) {
      exchange.Step(rest.front());
      rest.remove_prefix(1);
    }
    exchange.Check();
  }
}

}  // namespace
}  // namespace credential_broker::rpc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credential_broker::rpc::Run(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
