#include "cli/pages_application.h"

#include <string>
#include <vector>

namespace credential_broker::cli {
namespace {

// The answer is on its way; what the request still sends is let go by.
class Answered : public h2::RequestHandler {
 public:
  explicit Answered(h2::Stream& stream) : stream_(stream) {}
  void OnData(std::string_view bytes) override { stream_.Consume(bytes.size()); }
  void OnEnd() override {}
  void OnDrained() override {}

 private:
  h2::Stream& stream_;
};

void Send(http::Response response, bool with_body, h2::Stream& stream) {
  const std::string status = std::to_string(response.status);
  const auto headers = http::HeadersOf(response);
  std::vector<h2::HeaderView> views = {{":status", status}};
  for (const auto& [name, value] : headers) {
    views.push_back({name, value});
  }
  if (!with_body) {
    stream.SendHeadersOnly(views);
    return;
  }
  stream.SendHeaders(views);
  stream.SendData(std::move(response.body));
  stream.SendTrailers({});
}

}  // namespace

std::unique_ptr<h2::RequestHandler> PagesApplication::OnRequest(h2::Stream& stream,
                                                                h2::RequestHead head) {
  const bool is_read = head.method == "GET" || head.method == "HEAD";
  if (!is_read || http::FindPage(pages_, head.path) == nullptr) {
    return next_.OnRequest(stream, std::move(head));
  }
  Send(http::Answer(pages_, head.method, head.path), head.method == "GET", stream);
  return std::make_unique<Answered>(stream);
}

}  // namespace credential_broker::cli
