#include "upstream/https_client.h"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/time/time.h"
#include "base/strings.h"
#include "upstream/curl_failure.h"
#include "upstream/exchange.h"
#include "upstream/header_list.h"
#include "upstream/wiping_memory.h"

namespace credential_broker::upstream {
namespace {

constexpr int kLongestPollMs = 60'000;  // curl's own timers and Cancel end a poll before

using CurlLong = long;  // NOLINT(google-runtime-int): what curl_easy_setopt takes

struct FreeEasy {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct FreeMulti {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

void StartCurlOnce() {
  [[maybe_unused]] static const CURLcode started = curl_global_init_mem(
      CURL_GLOBAL_DEFAULT, std::malloc, WipingFree, WipingRealloc,
      [](const char* text) { return strdup(text); }, std::calloc);
}

int OnReadyToSend(void* exchange, char*, char*, int, int) {
  return static_cast<Exchange*>(exchange)->OnReadyToSend() ? CURL_PREREQFUNC_OK
                                                           : CURL_PREREQFUNC_ABORT;
}

// For curl any other count than `size` ends the transfer.
std::size_t OnHeader(char* line, std::size_t, std::size_t size, void* exchange) {
  return static_cast<Exchange*>(exchange)->OnHeader({line, size}) ? size : size + 1;
}

std::size_t OnBody(char* data, std::size_t, std::size_t size, void* exchange) {
  return static_cast<Exchange*>(exchange)->OnBody({data, size}) ? size : size + 1;
}

CurlLong Milliseconds(absl::Duration duration) {
  // 0 would be "no limit".
  return static_cast<CurlLong>(
      absl::ToInt64Milliseconds(std::max(duration, absl::Milliseconds(1))));
}

// Runs after curl has set up `context` from SSLKEYLOGFILE of the environment: undoes that.
CURLcode OnTlsContext(CURL*, void* context, void*) {
  auto* tls = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_keylog_callback(tls, nullptr);
  SSL_CTX_set_options(tls, SSL_OP_CLEANSE_PLAINTEXT);
  return CURLE_OK;
}

class CurlClient final : public HttpsClient {
 public:
  explicit CurlClient(HttpsClientOptions options) : options_(std::move(options)) {
    StartCurlOnce();
    multi_.reset(curl_multi_init());
    if (multi_ == nullptr) {
      std::abort();  // only for want of memory
    }
  }

  HttpResult Send(const HttpRequest& request) override {
    HttpResult result;
    HeaderList headers;
    if (!headers.AppendAll(request)) {
      result.error = "a header has a control character";
      return result;
    }
    Exchange exchange(request.delivery, options_.largest_body);
    std::array<char, CURL_ERROR_SIZE> curl_text{};

    // A handle for this request alone: curl 8 keeps the buffer that it has sent a request from for
    // the handle's next one, and so the secrets in it. The multi handle owns the connections.
    easy_.reset(curl_easy_init());
    if (easy_ == nullptr) {
      std::abort();  // only for want of memory
    }
    const absl::Cleanup drop_handle = [this] { easy_.reset(); };
    refused_option_ = CURLE_OK;
    SetSafety();
    SetTrust();
    SetRequest(request, headers.get());
    SetCallbacks(exchange, curl_text.data());
    const CURLcode code = refused_option_ == CURLE_OK ? Perform() : refused_option_;

    TakeAnswer(result);
    result.body = std::move(exchange.body());
    if (code == CURLE_OK && exchange.head_is_whole()) {
      result.outcome = HttpResult::Outcome::kAnswered;
    } else if (cancelled_) {
      result.outcome = HttpResult::Outcome::kCancelled;
      result.error = "cancelled";
    } else {
      result.outcome = exchange.may_have_left() ? HttpResult::Outcome::kAmbiguous
                                                : HttpResult::Outcome::kNotSent;
      result.error = WhatFailed(code, exchange, curl_text.data());
    }
    return result;
  }

  void Cancel() override {
    cancelled_ = true;
    curl_multi_wakeup(multi_.get());
  }

 private:
  // An option that curl does not know must not be passed over: some of them are what makes us safe.
  template <typename T>
  void Set(CURLoption option, T value) {
    const CURLcode code = curl_easy_setopt(easy_.get(), option, value);
    if (code != CURLE_OK && refused_option_ == CURLE_OK) {
      refused_option_ = code;
    }
  }

  void SetFile(CURLoption option, const std::string& file) {
    if (!file.empty()) {
      Set(option, file.c_str());
    }
  }

  void SetSafety() {
    Set(CURLOPT_PROTOCOLS_STR, "https");
    Set(CURLOPT_FOLLOWLOCATION, 0L);
    Set(CURLOPT_PROXY, "");  // not even one that the environment names
    Set(CURLOPT_NETRC, static_cast<CurlLong>(CURL_NETRC_IGNORED));
    Set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    // Not HTTP/2: it brings retries of its own (REFUSED_STREAM, HTTP_1_1_REQUIRED), and one request
    // at a time gains nothing by it.
    Set(CURLOPT_HTTP_VERSION, static_cast<CurlLong>(CURL_HTTP_VERSION_1_1));
    Set(CURLOPT_NOSIGNAL, 1L);
    // A name server that hangs must hold neither the time-out nor Cancel; its thread ends by
    // itself.
    Set(CURLOPT_QUICK_EXIT, 1L);
    Set(CURLOPT_TCP_KEEPALIVE, 1L);
    Set(CURLOPT_USERAGENT, "credential-broker/" CREDENTIAL_BROKER_VERSION);
    Set(CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(options_.connect_timeout));
    Set(CURLOPT_TIMEOUT_MS, Milliseconds(options_.request_timeout));
  }

  void SetTrust() {
    Set(CURLOPT_SSL_VERIFYPEER, 1L);
    Set(CURLOPT_SSL_VERIFYHOST, 2L);
    Set(CURLOPT_SSL_SESSIONID_CACHE, 0L);  // a resumed TLS session shows no certificate to verify
    Set(CURLOPT_SSLVERSION, static_cast<CurlLong>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_file.empty()) {
      Set(CURLOPT_CA_CACHE_TIMEOUT, 0L);  // else a CA that was replaced would be known for a day
      Set(CURLOPT_CAINFO, options_.ca_file.c_str());
      Set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // else the system's roots count as well
    }
    SetFile(CURLOPT_SSLCERT, options_.cert_file);
    SetFile(CURLOPT_SSLKEY, options_.key_file);
  }

  void SetRequest(const HttpRequest& request, curl_slist* headers) {
    Set(CURLOPT_URL, request.url.c_str());
    Set(CURLOPT_HTTPHEADER, headers);
    if (!request.body.empty() || request.method == "POST") {
      Set(CURLOPT_POST, 1L);
      Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      Set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    }
    Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    // curl repeats a request by itself when a used connection proves dead, even if the server has
    // read it.
    const CurlLong fresh = request.delivery == Delivery::kAtMostOnce ? 1 : 0;
    Set(CURLOPT_FRESH_CONNECT, fresh);
    Set(CURLOPT_FORBID_REUSE, fresh);
  }

  void SetCallbacks(Exchange& exchange, char* curl_text) {
    Set(CURLOPT_PREREQFUNCTION, &OnReadyToSend);
    Set(CURLOPT_PREREQDATA, &exchange);
    Set(CURLOPT_HEADERFUNCTION, &OnHeader);
    Set(CURLOPT_HEADERDATA, &exchange);
    Set(CURLOPT_WRITEFUNCTION, &OnBody);
    Set(CURLOPT_WRITEDATA, &exchange);
    Set(CURLOPT_SSL_CTX_FUNCTION, &OnTlsContext);
    Set(CURLOPT_ERRORBUFFER, curl_text);
  }

  // CURLE_ABORTED_BY_CALLBACK when Cancel ended it.
  CURLcode Perform() {
    if (cancelled_ || curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) {
      return cancelled_ ? CURLE_ABORTED_BY_CALLBACK : CURLE_FAILED_INIT;
    }
    const absl::Cleanup remove = [this] { curl_multi_remove_handle(multi_.get(), easy_.get()); };
    while (true) {
      int running = 0;
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) {
        return CURLE_FAILED_INIT;
      }
      int left = 0;
      if (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        return message->data.result;
      }
      if (cancelled_) {
        return CURLE_ABORTED_BY_CALLBACK;
      }
      curl_multi_poll(multi_.get(), nullptr, 0, kLongestPollMs, nullptr);
    }
  }

  void TakeAnswer(HttpResult& result) {
    CurlLong status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    result.status = status >= 200 ? static_cast<int>(status) : 0;
    result.date = AnswerHeader("Date");
    result.retry_after = AnswerHeader("Retry-After");
    result.content_type = AnswerHeader("Content-Type");
  }

  std::string AnswerHeader(const char* name) {
    curl_header* header = nullptr;
    return curl_easy_header(easy_.get(), name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK
               ? header->value
               : "";
  }

  std::string WhatFailed(CURLcode code, const Exchange& exchange,
                         std::string_view curl_text) const {
    if (!exchange.refusal().empty()) {
      return exchange.refusal();
    }
    if (code == CURLE_OK) {
      return "the answer breaks off in its head";
    }
    if (code != CURLE_OPERATION_TIMEDOUT) {
      return DescribeCurlFailure(code, curl_text);
    }
    return exchange.may_have_left()
               ? StrCat("no whole answer within ", absl::FormatDuration(options_.request_timeout))
               : StrCat("no connection within ",
                        absl::FormatDuration(
                            std::min(options_.connect_timeout, options_.request_timeout)));
  }

  const HttpsClientOptions options_;
  std::unique_ptr<CURLM, FreeMulti> multi_;
  std::unique_ptr<CURL, FreeEasy> easy_;  // of the request in flight
  CURLcode refused_option_ = CURLE_OK;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

std::unique_ptr<HttpsClient> MakeHttpsClient(HttpsClientOptions options) {
  return std::make_unique<CurlClient>(std::move(options));
}

}  // namespace credential_broker::upstream
