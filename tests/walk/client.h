#ifndef CREDENTIAL_BROKER_TESTS_WALK_CLIENT_H_
#define CREDENTIAL_BROKER_TESTS_WALK_CLIENT_H_

#include <openssl/ssl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "base/unique_fd.h"
#include "h2/tls_context.h"
#include "walk/frames.h"
#include "walk/reached.h"

namespace credential_broker::walk {

class RandomChoices final : public Choices {
 public:
  explicit RandomChoices(std::uint64_t seed) : random_(seed) {}
  std::uint32_t Below(std::uint32_t limit) override {
    return static_cast<std::uint32_t>(random_() % std::max(1U, limit));
  }

 private:
  std::mt19937_64 random_;
};

// A client that does anything, decided by `choices`, and vanishes. It never blocks: each Step does
// a little. TLS runs on buffers in memory, so that the bytes on the wire can be cut anywhere. Some
// clients only take a place: they send nothing at all, or the header of a ClientHello that is far
// too large. On one thread.
class Client {
 public:
  struct Options {
    std::string address;      // "127.0.0.1:port", "unix:/path" or "unix:@abstract"
    std::uint8_t source = 1;  // of TCP: the client's own address is 127.0.0.`source`
    SSL_CTX* tls = nullptr;   // outlives the client; null: plaintext
    Protocol protocol = Protocol::kStreams;
  };

  // Both outlive the client.
  Client(const Options& options, Choices& choices, Reached& reached);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // False: it is over.
  bool Step();
  int fd() const { return socket_.get(); }
  // Its TLS handshake is complete, or there is none.
  bool shaken() const { return shaken_; }
  // It reads what there is at once, so that it makes sense to wait for that.
  bool reads_all() const { return !shaken_ || reading_ >= 65536; }

 private:
  enum class End { kClose, kReset, kHalfClose, kStay };

  void Act();
  void UpdateKeys(std::uint32_t count);
  void Handshake();
  // Queues the application's bytes.
  void Say(const std::string& bytes);
  // Moves what TLS has to send to the wire's queue.
  void CollectTls();
  void Receive();
  void Take(const char* bytes, std::size_t size);
  void Parse();
  void Send();
  bool MustVanish() const;
  void Vanish();

  Reached& reached_;
  Choices& choices_;
  FrameMaker frames_;
  UniqueFd socket_;
  h2::SslPtr ssl_;
  bool shaken_;
  bool greeted_ = false;
  bool half_closed_ = false;
  bool broken_ = false;

  std::string wire_;    // to be sent
  std::string parsed_;  // received, not yet a whole frame
  std::size_t sent_ = 0;
  int steps_left_;
  std::size_t vanish_after_sent_;
  const std::uint32_t manner_;  // decides how it begins and ends
  bool silent_;                 // says nothing by itself
  End end_;
  std::uint32_t piece_;    // most bytes a send
  std::uint32_t reading_;  // most bytes a receive; 0: it reads nothing
  bool polite_;            // gives windows back and acknowledges
  int frames_left_;
};

}  // namespace credential_broker::walk

#endif  // CREDENTIAL_BROKER_TESTS_WALK_CLIENT_H_
