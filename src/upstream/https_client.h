#ifndef CREDENTIAL_BROKER_UPSTREAM_HTTPS_CLIENT_H_
#define CREDENTIAL_BROKER_UPSTREAM_HTTPS_CLIENT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "base/secret.h"
#include "upstream/wiped_buffer.h"

namespace credential_broker::upstream {

// How often a request may reach the server.
enum class Delivery {
  // Once or not at all: for what a second copy would harm, such as a refresh token. Costs a new
  // connection,
  // since a request on a used one that turns out dead could only be repeated or given up.
  kAtMostOnce,
  // Sent again when the connection proves dead before anything came back; connections are used
  // again.
  kMayRepeat,
};

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // https://…, without user or password
  std::vector<HttpHeader> headers;
  const Secret* bearer_token =
      nullptr;            // sent as "authorization: Bearer …"; lives until Send returns
  std::string_view body;  // lives until Send returns; empty: none
  Delivery delivery = Delivery::kAtMostOnce;
};

struct HttpResult {
  enum class Outcome {
    kAnswered,   // the answer is whole, whatever its status
    kNotSent,    // surely no byte of the request left: its name, TCP or TLS failed, or it is
                 // malformed
    kAmbiguous,  // it left, or part of it, and no whole answer came: the server may have acted
    kCancelled,
  };

  Outcome outcome = Outcome::kNotSent;
  // For people, where not kAnswered: what failed and what to do. Holds nothing of either body or of
  // a header.
  std::string error;
  // Also set where an answer began and broke off, since a status alone tells much. 0: none came.
  int status = 0;
  // Headers of the answer; empty: absent.
  std::string date;
  std::string retry_after;
  std::string content_type;
  WipedBuffer body;
};

struct HttpsClientOptions {
  std::string
      ca_file;  // PEM, instead of the system's roots; empty: those. Read for each new connection
  std::string cert_file;  // PEM, the client certificate; with key_file, or both empty
  std::string key_file;
  absl::Duration connect_timeout = absl::Seconds(2);  // name, TCP and TLS
  absl::Duration request_timeout = absl::Seconds(5);  // all of it
  std::size_t largest_body = std::size_t{64} * 1024;  // an answer with more is given up
};

// One request at a time over HTTPS: the peer is always verified, TLS is 1.2 or newer, no redirect
// is followed. Send blocks and is called by one thread; Cancel by any.
class HttpsClient {
 public:
  virtual ~HttpsClient() = default;
  virtual HttpResult Send(const HttpRequest& request) = 0;
  // Ends the request in flight and every later one with kCancelled, soon.
  virtual void Cancel() = 0;
};

// Proxies, key logs and .netrc that the environment may name are not honoured: whoever can set a
// variable of a deployment shall not thereby see the keys that pass here.
std::unique_ptr<HttpsClient> MakeHttpsClient(HttpsClientOptions options);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_HTTPS_CLIENT_H_
