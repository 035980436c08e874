#ifndef CREDENTIAL_BROKER_TESTS_SANDBOX_HTTPS_CLIENT_H_
#define CREDENTIAL_BROKER_TESTS_SANDBOX_HTTPS_CLIENT_H_

#include <curl/curl.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace credential_broker::sandbox {

struct HttpsAnswer {
  CURLcode code = CURLE_OK;
  long status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// libcurl as a caller of the sandbox would use it; its connection is kept from one request to the
// next. One thread.
class HttpsClient {
 public:
  HttpsClient(std::string base_url, std::string ca_pem);

  HttpsAnswer Get(const std::string& path, const std::string& token = "");
  HttpsAnswer Post(const std::string& path, const std::string& json);
  HttpsAnswer Send(const char* method, const std::string& path, const std::string& json);

  void set_timeout(absl::Duration timeout) { timeout_ = timeout; }

  // Cuts its newest connection. From any thread, while a request is in flight.
  void Leave();

 private:
  HttpsAnswer Run(const std::string& path, curl_slist* headers);

  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  const std::string base_url_;
  const std::string ca_pem_;
  absl::Duration timeout_ = absl::Seconds(30);
  std::atomic<int> socket_ = -1;
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_TESTS_SANDBOX_HTTPS_CLIENT_H_
