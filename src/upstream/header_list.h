#ifndef CREDENTIAL_BROKER_UPSTREAM_HEADER_LIST_H_
#define CREDENTIAL_BROKER_UPSTREAM_HEADER_LIST_H_

#include <memory>
#include <string>

#include "upstream/https_client.h"

struct curl_slist;  // NOLINT(readability-identifier-naming): curl names it

namespace credential_broker::upstream {

// The header lines of a request, as curl takes them.
class HeaderList {
 public:
  // False: one has a control character and could carry a second header, so that the request must
  // not be sent.
  bool AppendAll(const HttpRequest& request);

  curl_slist* get() const { return list_.get(); }

 private:
  struct Free {
    void operator()(curl_slist* list) const;
  };

  bool Append(const std::string& line);

  std::unique_ptr<curl_slist, Free> list_;
};

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_HEADER_LIST_H_
