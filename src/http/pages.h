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

inline constexpr int kServiceUnavailable = 503;

// A status and the rest of the answer as a line of text, ended here.
Response Text(int status, std::string_view line);

// The header fields of an answer, in lower case as HTTP/2 wants them. Nothing is cached, and a page
// may load or run nothing that is not in it.
std::vector<std::pair<std::string, std::string>> HeadersOf(const Response& response);

// Makes one page, as it is at that moment. Called on one thread at a time.
using Page = std::function<Response()>;

// By path, such as "/metrics", or by path and query, such as "/readyz?verbose".
using Pages = std::map<std::string, Page, std::less<>>;

// Returns the page of a request target: that of its path and query if there is one, else that of
// its path alone; null if there is neither.
const Page* FindPage(const Pages& pages, std::string_view target);

// Returns the page at `target`. For any other target, and for methods other than GET and HEAD, the
// response lists the pages.
Response Answer(const Pages& pages, std::string_view method, std::string_view target);

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_PAGES_H_
