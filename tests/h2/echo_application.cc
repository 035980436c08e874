#include "h2/echo_application.h"

#include <array>
#include <utility>

namespace credential_broker::h2 {
namespace {

constexpr std::array<HeaderView, 2> kOk = {{{":status", "200"}, {"content-type", "text/plain"}}};
constexpr std::array<HeaderView, 1> kTrailer = {{{"x-end", "1"}}};

class HelloHandler final : public RequestHandler {
 public:
  HelloHandler(Stream& stream, std::shared_ptr<const std::string> body)
      : stream_(stream), body_(std::move(body)) {}

  void OnData(std::string_view bytes) override { stream_.Consume(bytes.size()); }
  void OnEnd() override {
    stream_.SendHeaders(kOk);
    stream_.SendData(std::move(body_));
    stream_.SendTrailers(kTrailer);
  }
  void OnDrained() override {}

 private:
  Stream& stream_;
  std::shared_ptr<const std::string> body_;
};

// Takes no more from the client than it has sent back.
class EchoHandler final : public RequestHandler {
 public:
  explicit EchoHandler(Stream& stream) : stream_(stream) { stream_.SendHeaders(kOk); }

  void OnData(std::string_view bytes) override {
    held_ += bytes.size();
    stream_.SendData(std::string(bytes));
  }
  void OnEnd() override { stream_.SendTrailers(kTrailer); }
  void OnDrained() override { stream_.Consume(std::exchange(held_, 0)); }

 private:
  Stream& stream_;
  std::size_t held_ = 0;
};

class EarlyHandler final : public RequestHandler {
 public:
  explicit EarlyHandler(Stream& stream) { stream.SendHeadersOnly(kOk); }
  void OnData(std::string_view) override {}
  void OnEnd() override {}
  void OnDrained() override {}
};

}  // namespace

std::unique_ptr<RequestHandler> EchoApplication::OnRequest(Stream& stream, RequestHead head) {
  if (head.path == "/echo") {
    return std::make_unique<EchoHandler>(stream);
  }
  if (head.path == "/early") {
    return std::make_unique<EarlyHandler>(stream);
  }
  return std::make_unique<HelloHandler>(stream, body_);
}

}  // namespace credential_broker::h2
