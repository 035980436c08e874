// Cancel ends a request at every stage by waking it. With curl's own timers switched off, nothing
// else would.

#include <curl/curl.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <semaphore>
#include <string>

#include "support/tls_server.h"
#include "upstream/hanging_name_server.h"
#include "upstream/https_client.h"
#include "upstream/trusting_client.h"

namespace credential_broker::upstream {
namespace {

using std::chrono::steady_clock;

std::atomic<bool> timers_are_off = false;
std::atomic<bool> woken = false;

}  // namespace

// The two below take the place of libcurl's in this program. While timers are off, a poll ends by
// an event of a socket or by a wake-up alone; when neither comes, at last by kPatience.
extern "C" CURLMcode curl_multi_poll(CURLM* multi_handle, curl_waitfd* extra_fds,
                                     unsigned int extra_nfds, int timeout_ms, int* ret) {
  static const auto real =
      reinterpret_cast<decltype(&curl_multi_poll)>(dlsym(RTLD_NEXT, "curl_multi_poll"));
  const steady_clock::time_point end = steady_clock::now() + kPatience;
  int events = 0;
  CURLMcode code = CURLM_OK;
  do {
    code = real(multi_handle, extra_fds, extra_nfds, timeout_ms, &events);
  } while (code == CURLM_OK && events == 0 && timers_are_off && !woken &&
           steady_clock::now() < end);
  if (ret != nullptr) {
    *ret = events;
  }
  return code;
}

extern "C" CURLMcode curl_multi_wakeup(CURLM* multi_handle) {
  static const auto real =
      reinterpret_cast<decltype(&curl_multi_wakeup)>(dlsym(RTLD_NEXT, "curl_multi_wakeup"));
  woken = true;
  return real(multi_handle);
}

namespace {

class HttpsClientCancel : public testing::Test {
 protected:
  HttpsClientCancel() { woken = false; }
  ~HttpsClientCancel() override { timers_are_off = false; }

  static const PemIdentity& Loopback() {
    static const PemIdentity identity = Ca().Issue("IP:127.0.0.1");
    return identity;
  }

  static HttpRequest Get(const std::string& url) {
    HttpRequest request;
    request.method = "GET";
    request.url = url;
    return request;
  }

  // Cancels a request to `url` as soon as `begun` says that it is under way.
  static void ExpectCancelEnds(const std::string& url, const std::function<bool()>& begun) {
    const std::unique_ptr<HttpsClient> client = MakeHttpsClient(Trusting(Ca()));
    std::future<HttpResult> result =
        std::async(std::launch::async, [&] { return client->Send(Get(url)); });
    EXPECT_TRUE(begun()) << "the request did not get there";

    timers_are_off = true;
    const steady_clock::time_point start = steady_clock::now();
    client->Cancel();
    EXPECT_EQ(result.get().outcome, HttpResult::Outcome::kCancelled);
    EXPECT_LT(steady_clock::now() - start, kPatience / 2) << "it was not woken";

    EXPECT_EQ(client->Send(Get(url)).outcome, HttpResult::Outcome::kCancelled)
        << "Cancel is for good";
  }
};

TEST_F(HttpsClientCancel, EndsAWaitForTheAnswer) {
  std::counting_semaphore<> begun{0};
  TlsServer server(Loopback(), [&](TlsPeer& peer) {
    if (peer.Handshake()) {
      peer.ReadRequest();
      begun.release();
      peer.AwaitLeave();
    }
  });
  ExpectCancelEnds(server.Url("/"), [&] { return begun.try_acquire_for(kPatience); });
}

TEST_F(HttpsClientCancel, EndsAHandshake) {
  std::counting_semaphore<> begun{0};
  TlsServer server(Loopback(), [&](TlsPeer& peer) {
    begun.release();
    peer.AwaitLeave();
  });
  ExpectCancelEnds(server.Url("/"), [&] { return begun.try_acquire_for(kPatience); });
}

TEST_F(HttpsClientCancel, EndsAWaitForTheNameServer) {
  const auto names = std::make_shared<HangingNameServer>();
  SetHangingNameServer(names);
  ExpectCancelEnds("https://hanging.test/", [&] {
    return names->asked.get_future().wait_for(kPatience) == std::future_status::ready;
  });
  names->released.set_value();
}

TEST_F(HttpsClientCancel, BeforeSendSendsNothing) {
  TlsServer server(Loopback(), [](TlsPeer&) {});
  const std::unique_ptr<HttpsClient> client = MakeHttpsClient(Trusting(Ca()));
  client->Cancel();
  EXPECT_EQ(client->Send(Get(server.Url("/"))).outcome, HttpResult::Outcome::kCancelled);
  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace credential_broker::upstream
