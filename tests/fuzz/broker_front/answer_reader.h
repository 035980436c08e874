#ifndef CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_ANSWER_READER_H_
#define CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_ANSWER_READER_H_

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace credential_broker::service {

// Aborts with `what` unless it holds.
void Require(bool holds, const char* what);

// Reads what a server sends on a connection, and requires it to be well-formed HTTP/2 and gRPC.
class AnswerReader {
 public:
  // `on_message` is called for each message of a stream.
  using OnMessage = std::function<void(std::uint32_t stream, std::string_view message)>;
  explicit AnswerReader(OnMessage on_message);

  void Read(std::string_view bytes);

 private:
  struct Stream {
    bool has_headers = false;
    bool is_grpc = false;
    bool ended = false;
    std::string body;  // not yet a whole message
  };

  void ReadFrame(std::uint8_t type, std::uint8_t flags, std::uint32_t id, std::string_view payload);
  void ReadSection(std::uint8_t flags, std::uint32_t id);
  std::map<std::string, std::string> Inflate();
  void ReadBody(Stream& stream, std::uint32_t id, std::string_view bytes);

  const OnMessage on_message_;
  std::unique_ptr<nghttp2_hd_inflater, void (*)(nghttp2_hd_inflater*)> inflater_;
  std::string bytes_;    // not yet a whole frame
  std::string section_;  // of headers, until it is complete
  bool in_section_ = false;
  std::map<std::uint32_t, Stream> streams_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_TESTS_FUZZ_BROKER_FRONT_ANSWER_READER_H_
