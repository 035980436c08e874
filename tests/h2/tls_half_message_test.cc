// Messages of TLS after the handshake of which a client sends a part. OpenSSL writes nothing on a
// connection until it has read the rest.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/ssl.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "h2/openssl.h"
#include "h2/test_application.h"
#include "support/test_ca.h"

namespace credential_broker::h2 {
namespace {

constexpr std::size_t kKey = 16;
constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;

// HKDF-Expand-Label of RFC 8446 section 7.1, with SHA-256 and no context.
std::string ExpandLabel(std::string secret, std::string_view label, std::size_t size) {
  const std::string name = "tls13 " + std::string(label);
  std::string info = {'\0', static_cast<char>(size), static_cast<char>(name.size())};
  info += name + '\0';
  std::string digest = "SHA256";
  int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end(),
  };
  EVP_KDF* const kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  EVP_KDF_CTX* const context = EVP_KDF_CTX_new(kdf);
  std::string out(size, '\0');
  EXPECT_EQ(EVP_KDF_derive(context, reinterpret_cast<unsigned char*>(out.data()), size, parameters),
            1);
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  return out;
}

// A record of TLS_AES_128_GCM_SHA256, RFC 8446 section 5.2: the `number`th under `secret`.
std::string Record(const std::string& secret, std::uint8_t number, char type,
                   std::string_view content) {
  const std::string key = ExpandLabel(secret, "key", kKey);
  std::string nonce = ExpandLabel(secret, "iv", kNonce);
  nonce.back() = static_cast<char>(static_cast<std::uint8_t>(nonce.back()) ^ number);
  const std::string plain = std::string(content) + type;
  std::string record = {23, 3, 3, 0, static_cast<char>(plain.size() + kTag)};
  const auto bytes = [](std::string& text, std::size_t at) {
    return reinterpret_cast<unsigned char*>(text.data() + at);
  };
  const std::size_t header = record.size();
  record.resize(header + plain.size() + kTag);
  std::string key_bytes = key;
  std::string input = plain;
  int size = 0;
  EVP_CIPHER_CTX* const cipher = EVP_CIPHER_CTX_new();
  EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), nullptr, bytes(key_bytes, 0), bytes(nonce, 0));
  EVP_EncryptUpdate(cipher, nullptr, &size, bytes(record, 0), static_cast<int>(header));
  EVP_EncryptUpdate(cipher, bytes(record, header), &size, bytes(input, 0),
                    static_cast<int>(input.size()));
  EVP_EncryptFinal_ex(cipher, bytes(record, header + input.size()), &size);
  EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, kTag, bytes(record, header + input.size()));
  EVP_CIPHER_CTX_free(cipher);
  return record;
}

// A client of TLS 1.3 that knows its own keys.
class KeyedClient {
 public:
  explicit KeyedClient(const std::string& address) {
    auto stream = ByteStream::Connect(address, std::nullopt);
    EXPECT_TRUE(stream.ok());
    stream_ = *std::move(stream);
    SSL_CTX_set_ciphersuites(context_.get(), "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_alpn_protos(context_.get(), reinterpret_cast<const unsigned char*>("\2h2"), 3);
    SSL_CTX_set_ex_data(context_.get(), 0, this);
    SSL_CTX_set_keylog_callback(context_.get(), [](const SSL* ssl, const char* line) {
      constexpr std::string_view kLabel = "CLIENT_TRAFFIC_SECRET_0 ";
      const std::string_view text = line;
      if (text.starts_with(kLabel)) {
        auto* self = static_cast<KeyedClient*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0));
        self->secret_.resize(EVP_MAX_MD_SIZE);
        std::size_t length = 0;
        EXPECT_EQ(
            OPENSSL_hexstr2buf_ex(reinterpret_cast<unsigned char*>(self->secret_.data()),
                                  self->secret_.size(), &length, line + text.rfind(' ') + 1, '\0'),
            1);
        self->secret_.resize(length);
      }
    });
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), stream_->fd());
    ::fcntl(stream_->fd(), F_SETFL, 0);  // blocking
    EXPECT_EQ(SSL_connect(ssl_.get()), 1);
  }

  void Send(std::string_view bytes) {
    EXPECT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())),
              static_cast<int>(bytes.size()));
    ++records_;
  }
  // A record of handshake messages, or of parts of them.
  void SendHandshake(std::string_view content) {
    stream_->Write(Record(secret_, records_++, 22, content));
  }
  // Blocks until the server has sent a frame of `type`. Returns false when it has closed before.
  bool Await(std::uint8_t type) {
    constexpr std::size_t kHeader = 9;
    std::array<char, 1024> buffer;
    for (;;) {
      while (received_.size() >= kHeader) {
        const std::size_t size = kHeader + (static_cast<std::uint8_t>(received_[1]) << 8U) +
                                 static_cast<std::uint8_t>(received_[2]);
        const bool found = static_cast<std::uint8_t>(received_[3]) == type;
        if (received_.size() < size) {
          break;
        }
        received_.erase(0, size);
        if (found) {
          return true;
        }
      }
      const int got = SSL_read(ssl_.get(), buffer.data(), buffer.size());
      if (got <= 0) {
        return false;
      }
      received_.append(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  ByteStream& stream() { return *stream_; }

 private:
  std::unique_ptr<ByteStream> stream_;
  SslCtxPtr context_{SSL_CTX_new(TLS_client_method())};
  SslPtr ssl_;
  std::string secret_;
  std::uint8_t records_ = 0;
  std::string received_;
};

// The header of a KeyUpdate (RFC 8446 section 4.6.3), without its one byte.
constexpr std::string_view kHalfKeyUpdate("\x18\0\0\1", 4);
constexpr std::string_view kRest("\0", 1);

class TlsHalfMessage : public ::testing::Test {
 protected:
  std::unique_ptr<Server> Start(const Limits& limits, Application& application) {
    std::signal(SIGPIPE, SIG_IGN);
    const PemIdentity leaf = ca_.Issue("DNS:localhost");
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.loops = 1;
    options.limits = limits;
    options.tls = TlsIdentity{leaf.certificate, Secret(leaf.key), ""};
    auto server = Server::Start(std::move(options), application);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  TestCa ca_;
};

TEST_F(TlsHalfMessage, DoesNotKeepTheLoopAwake) {
  Limits limits;
  limits.keepalive_interval = absl::Milliseconds(50);  // the server's PING is what it cannot write
  limits.keepalive_timeout = absl::Seconds(60);
  limits.unread_output_timeout = absl::Milliseconds(100);
  EchoApplication application;
  auto server = Start(limits, application);
  KeyedClient client(server->address());
  client.Send(H2Hello() + H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""));
  ASSERT_TRUE(client.Await(NGHTTP2_SETTINGS));
  client.SendHandshake(kHalfKeyUpdate);
  const unsigned before = TurnsOf(*server);
  // Six turns of unread output later.
  EXPECT_TRUE(client.stream().AwaitClose());
  EXPECT_LT(TurnsOf(*server) - before, 100U);
  EXPECT_EQ(server->counters().unread_output.value(), 1U);
}

TEST_F(TlsHalfMessage, IsFollowedByWhatWaitedOnceTheRestHasCome) {
  // Responds when it is told to.
  Stream* stream = nullptr;
  Signal asked;
  ScriptedApplication application([&](Stream& opened, const RequestHead&) {
    stream = &opened;
    asked.Notify();
    return Script();
  });
  Limits limits;
  limits.unread_output_timeout = absl::Seconds(1);  // if nothing wakes it, it ends
  auto server = Start(limits, application);
  KeyedClient client(server->address());
  client.Send(H2Hello() + H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "") +
              H2Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM | NGHTTP2_FLAG_END_HEADERS, 1,
                      std::string("\x83\x86\x84\x01\x01", 5) + "a"));
  ASSERT_TRUE(asked.Await());
  ASSERT_TRUE(client.Await(NGHTTP2_SETTINGS));
  client.SendHandshake(kHalfKeyUpdate);
  TurnsOf(*server);  // a turn that begins now reads it before it runs tasks
  Signal sent;
  server->loops().front()->Post([&] {
    stream->SendHeadersOnly(OkHeaders());
    sent.Notify();
  });
  ASSERT_TRUE(sent.Await());
  client.SendHandshake(kRest);
  EXPECT_TRUE(client.Await(NGHTTP2_HEADERS));
}

}  // namespace
}  // namespace credential_broker::h2
