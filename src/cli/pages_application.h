#ifndef CREDENTIAL_BROKER_CLI_PAGES_APPLICATION_H_
#define CREDENTIAL_BROKER_CLI_PAGES_APPLICATION_H_

#include <memory>
#include <utility>

#include "h2/stream.h"
#include "http/pages.h"

namespace credential_broker::cli {

// Answers GET and HEAD of pages on an HTTP/2 listener that serves something else, and leaves all
// other requests to that. So the admin socket, which speaks gRPC, has /statusz:
//
//   curl --http2-prior-knowledge --unix-socket /run/credential-broker/admin.sock http://admin/statusz
class PagesApplication : public h2::Application {
 public:
  // `next` outlives this object. Pages are made on the loops' threads.
  PagesApplication(http::Pages pages, h2::Application& next)
      : pages_(std::move(pages)), next_(next) {}

  std::unique_ptr<h2::RequestHandler> OnRequest(h2::Stream& stream, h2::RequestHead head) override;

 private:
  const http::Pages pages_;
  h2::Application& next_;
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_PAGES_APPLICATION_H_
