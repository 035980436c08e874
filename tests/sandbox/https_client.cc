#include "https_client.h"

#include <sys/socket.h>

#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"

namespace credential_broker::sandbox {
namespace {

std::size_t TakeBody(char* data, std::size_t, std::size_t size, void* answer) {
  static_cast<HttpsAnswer*>(answer)->body.append(data, size);
  return size;
}

std::size_t TakeHeader(char* data, std::size_t, std::size_t size, void* answer) {
  const std::string line(data, size);
  if (const std::size_t colon = line.find(':'); colon != std::string::npos) {
    static_cast<HttpsAnswer*>(answer)->headers[absl::AsciiStrToLower(line.substr(0, colon))] =
        std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
  return size;
}

int NoteSocket(void* socket, curl_socket_t fd, curlsocktype) {
  *static_cast<std::atomic<int>*>(socket) = fd;
  return CURL_SOCKOPT_OK;
}

}  // namespace

HttpsClient::HttpsClient(std::string base_url, std::string ca_pem)
    : curl_(curl_easy_init(), &curl_easy_cleanup),
      base_url_(std::move(base_url)),
      ca_pem_(std::move(ca_pem)) {}

HttpsAnswer HttpsClient::Get(const std::string& path, const std::string& token) {
  curl_easy_reset(curl_.get());
  return Run(path, token.empty()
                       ? nullptr
                       : curl_slist_append(nullptr, ("Authorization: Bearer " + token).c_str()));
}

HttpsAnswer HttpsClient::Post(const std::string& path, const std::string& json) {
  return Send("POST", path, json);
}

HttpsAnswer HttpsClient::Send(const char* method, const std::string& path,
                              const std::string& json) {
  curl_easy_reset(curl_.get());
  curl_easy_setopt(curl_.get(), CURLOPT_COPYPOSTFIELDS, json.c_str());
  curl_easy_setopt(curl_.get(), CURLOPT_CUSTOMREQUEST, method);
  return Run(path, curl_slist_append(nullptr, "Content-Type: application/json"));
}

void HttpsClient::Leave() { shutdown(socket_, SHUT_RDWR); }

HttpsAnswer HttpsClient::Run(const std::string& path, curl_slist* headers) {
  HttpsAnswer answer;
  curl_blob ca = {const_cast<char*>(ca_pem_.data()), ca_pem_.size(), CURL_BLOB_NOCOPY};
  curl_easy_setopt(curl_.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl_.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl_.get(), CURLOPT_CAINFO_BLOB, &ca);
  curl_easy_setopt(curl_.get(), CURLOPT_URL, (base_url_ + path).c_str());
  curl_easy_setopt(curl_.get(), CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(timeout_)));
  curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl_.get(), CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl_.get(), CURLOPT_HEADERFUNCTION, &TakeHeader);
  curl_easy_setopt(curl_.get(), CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl_.get(), CURLOPT_SOCKOPTFUNCTION, &NoteSocket);
  curl_easy_setopt(curl_.get(), CURLOPT_SOCKOPTDATA, &socket_);
  answer.code = curl_easy_perform(curl_.get());
  curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  curl_slist_free_all(headers);
  return answer;
}

}  // namespace credential_broker::sandbox
