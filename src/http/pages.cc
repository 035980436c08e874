#include "http/pages.h"

#include "base/strings.h"

namespace credential_broker::http {
namespace {

constexpr int kNotFound = 404;
constexpr int kMethodNotAllowed = 405;

}  // namespace

Response Text(int status, std::string_view line) {
  Response response;
  response.status = status;
  response.body = StrCat(line, "\n");
  return response;
}

std::vector<std::pair<std::string, std::string>> HeadersOf(const Response& response) {
  std::vector<std::pair<std::string, std::string>> headers = {
      {"content-type", response.content_type},
      {"content-length", std::to_string(response.body.size())},
      {"cache-control", "no-store"},
      {"content-security-policy",
       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
       "frame-ancestors 'none'"},
      {"referrer-policy", "no-referrer"},
      {"x-content-type-options", "nosniff"},
  };
  if (response.status == kMethodNotAllowed) {
    headers.emplace_back("allow", "GET, HEAD");
  }
  return headers;
}

const Page* FindPage(const Pages& pages, std::string_view target) {
  auto page = pages.find(target);
  if (page == pages.end()) {
    page = pages.find(target.substr(0, target.find('?')));
  }
  return page == pages.end() ? nullptr : &page->second;
}

Response Answer(const Pages& pages, std::string_view method, std::string_view target) {
  const Page* const page = FindPage(pages, target);
  if (page == nullptr) {
    std::string known;
    for (const auto& [name, make] : pages) {
      known += StrCat(known.empty() ? "" : " ", name);
    }
    return Text(kNotFound, StrCat("there is no such page; there are: ", known));
  }
  if (method != "GET" && method != "HEAD") {
    return Text(kMethodNotAllowed, "pages are only read here: GET or HEAD");
  }
  return (*page)();
}

}  // namespace credential_broker::http
