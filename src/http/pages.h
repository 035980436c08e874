#ifndef CREDENTIAL_BROKER_HTTP_PAGES_H_
#define CREDENTIAL_BROKER_HTTP_PAGES_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace credential_broker::http {

struct Response {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// A status and the rest of the answer as a line of text, ended here.
Response Text(int status, std::string_view line);

// The header fields of an answer, in lower case as HTTP/2 wants them. Nothing is cached, and a page
// may load or run nothing that is not in it.
std::vector<std::pair<std::string, std::string>> HeadersOf(const Response& response);

// Makes one page, as it is at that moment. Called on one thread at a time.
using Page = std::function<Response()>;

// By path, such as "/metrics".
using Pages = std::map<std::string, Page, std::less<>>;

// The page at `path`; for any other, and for methods but GET and HEAD, an answer that tells what
// there is.
Response Answer(const Pages& pages, std::string_view method, std::string_view path);

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_PAGES_H_
