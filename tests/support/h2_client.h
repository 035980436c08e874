#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_H2_CLIENT_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_H2_CLIENT_H_

#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace credential_broker {

// How a test client speaks TLS. PEM texts.
struct H2ClientTls {
  std::string ca;           // empty: the server's certificate is not checked
  std::string certificate;  // and its intermediates
  std::string key;
  std::string alpn = "h2";                         // empty: none is offered
  int max_version = 0;                             // TLS1_2_VERSION, …; 0: the newest
  std::string tls12_ciphers = {};                  // as OpenSSL names them; empty: its default
  std::shared_ptr<SSL_SESSION> session = nullptr;  // to be resumed, if the server can
};

// A connected socket, plain or TLS. Blocks, with time limits. Not thread-safe.
class ByteStream {
 public:
  static constexpr absl::Duration kPatience = absl::Seconds(20);

  // `address`: "127.0.0.1:port", "[::1]:port" or "unix:/path". The error's message says what
  // OpenSSL or the system says.
  static absl::StatusOr<std::unique_ptr<ByteStream>> Connect(const std::string& address,
                                                             const std::optional<H2ClientTls>& tls);
  ~ByteStream();
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;

  // False: the connection is broken, or the peer takes nothing for `patience`.
  bool Write(std::string_view bytes, absl::Duration patience = kPatience);
  // Empty: nothing came within `patience`. None: the peer has closed.
  std::optional<std::string> Read(absl::Duration patience = kPatience);
  // The peer closes, or breaks the connection, within `patience`; what it still sends is thrown
  // away.
  bool AwaitClose(absl::Duration patience = kPatience);
  // Closes with a TCP reset.
  void Abort();

  int fd() const { return fd_; }
  SSL* ssl() const { return ssl_; }

 private:
  ByteStream() = default;
  absl::Status Handshake(const H2ClientTls& tls);
  bool Poll(int events, absl::Duration patience) const;

  int fd_ = -1;
  SSL* ssl_ = nullptr;
};

// Frames, by hand.
inline constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
std::string H2Frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream_id,
                    std::string_view payload);
// The preface with empty SETTINGS.
std::string H2Hello();
std::string BigEndian32(std::uint32_t value);

// Reads frames one by one.
class H2FrameReader {
 public:
  struct Frame {
    std::uint8_t type;
    std::uint8_t flags;
    std::uint32_t stream_id;
    std::string payload;
  };
  explicit H2FrameReader(ByteStream& stream) : stream_(stream) {}
  // None: nothing came within `patience`, or the peer has closed.
  std::optional<Frame> Next(absl::Duration patience = ByteStream::kPatience);
  // The next frame of `type`; others are passed over.
  std::optional<Frame> Await(std::uint8_t type, absl::Duration patience = ByteStream::kPatience);

 private:
  ByteStream& stream_;
  std::string buffer_;
};

struct H2Field {
  std::string name;
  std::string value;
};

// What has come of one answer.
struct H2Answer {
  std::vector<H2Field> headers;
  std::string body;
  std::vector<H2Field> trailers;
  bool ended = false;                  // END_STREAM has come
  std::optional<std::uint32_t> reset;  // the code of a RST_STREAM that has come
  bool closed = false;                 // the stream is over for both sides

  // Of the headers, then of the trailers; empty where there is none.
  std::string Get(std::string_view name) const;
};

struct H2ClientOptions {
  std::string address;
  std::optional<H2ClientTls> tls;
  std::uint32_t stream_window = 65535;  // SETTINGS_INITIAL_WINDOW_SIZE
  bool auto_window_update = true;       // false: Consume gives windows back
};

// An HTTP/2 client on nghttp2 that shows what tests want to see. All network traffic happens inside
// the calls of one thread. Not thread-safe.
class H2Client {
 public:
  static absl::StatusOr<std::unique_ptr<H2Client>> Connect(const H2ClientOptions& options);
  ~H2Client();
  H2Client(const H2Client&) = delete;
  H2Client& operator=(const H2Client&) = delete;

  // Opens a stream: POST `path` with `headers`. `end`: half-closes at once. Negative: it cannot.
  std::int32_t Request(const std::string& path, bool end, const std::vector<H2Field>& headers = {});
  void SendData(std::int32_t stream, std::string_view bytes, bool end);
  void Reset(std::int32_t stream, std::uint32_t error_code);
  void Ping();
  // Gives `size` received bytes back to both windows.
  void Consume(std::int32_t stream, std::size_t size);

  // Sends and receives until `done`; false: the connection closed first, or `patience` ended.
  bool Await(const std::function<bool()>& done, absl::Duration patience = ByteStream::kPatience);
  // Until the stream is over.
  bool AwaitAnswer(std::int32_t stream, absl::Duration patience = ByteStream::kPatience);
  // Until the server closes the connection, having read what it sent before.
  bool AwaitClose(absl::Duration patience = ByteStream::kPatience);
  // Sends what is queued, receives nothing.
  void Flush();
  // Request, whole body, answer.
  H2Answer Call(const std::string& path, std::string_view body = {});

  const H2Answer& answer(std::int32_t stream) { return answers_[stream]; }
  bool closed() const { return closed_; }
  int pings_answered() const { return pings_answered_; }

  struct Goaway {
    std::int32_t last_stream;
    std::uint32_t error_code;
    std::string debug;
  };
  const std::vector<Goaway>& goaways() const { return goaways_; }
  std::uint32_t remote_setting(nghttp2_settings_id id) const;
  ByteStream& bytes() { return *bytes_; }
  nghttp2_session* session() { return session_; }

 private:
  struct Body {
    std::string bytes;
    bool end = false;
    bool running = false;
  };

  H2Client() = default;
  void Start(const H2ClientOptions& options);
  void SetCallbacks(nghttp2_session_callbacks* callbacks);
  void OnFrame(const nghttp2_frame& frame);

  std::unique_ptr<ByteStream> bytes_;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, H2Answer> answers_;
  std::map<std::int32_t, Body> bodies_;
  std::vector<Goaway> goaways_;
  int pings_answered_ = 0;
  bool closed_ = false;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_H2_CLIENT_H_
