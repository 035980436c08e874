#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "base/strings.h"
#include "config/listen_address.h"
#include "config/sections.h"

namespace credential_broker::config {
namespace {

constexpr std::uint32_t kMostConnections = 1'000'000;
constexpr std::uint32_t kMaxStreams = 100'000'000;

// Longer than a load balancer needs to notice that a replica drains.
constexpr absl::Duration kMaxDrainDelay = absl::Minutes(5);

// Both keys are needed: a burst that we guessed would surprise whoever meets it.
RateLimitConfig ReadRateLimit(const YamlNode& node, Problems& problems) {
  constexpr double kLeastPerSecond = 0.01;
  constexpr double kMostPerSecond = 1'000'000;
  constexpr std::uint32_t kMostBurst = 1'000'000;
  Section section(node, "server.rate_limit", problems);
  for (const char* key : {"per_second", "burst"}) {
    if (!section.Has(key)) {
      section.Report(key, "is missing; write both, such as {per_second: 100, burst: 200}");
    }
  }
  RateLimitConfig limit;
  section.ReadFraction("per_second", kLeastPerSecond, kMostPerSecond, limit.per_second);
  section.ReadWhole("burst", 1, kMostBurst, limit.burst);
  section.Finish();
  return limit;
}

// `listen` with the rule that nothing leaves the machine in the clear unless the file says so.
void CheckListen(const PlacedText& listen, bool has_tls, bool plaintext, Problems& problems) {
  const absl::StatusOr<Reach> reach = CheckListenAddress(listen.value);
  if (!reach.ok()) {
    problems.Add(listen.place, StrCat(Quoted(listen.value), ": ", reach.status().message()));
    return;
  }
  if (*reach == Reach::kNetwork && !has_tls && !plaintext) {
    problems.Add(listen.place,
                 StrCat(Quoted(listen.value),
                        " is open to the network without TLS; give server.tls a cert_file and a "
                        "key_file, or say server.plaintext: true"));
  }
}

}  // namespace

void ReadServer(Section& root, const std::string& folder, const Settings& settings,
                Problems& problems, ServerConfig& server) {
  YamlNode none;
  none.kind = YamlNode::Kind::kMap;
  const YamlNode* node = root.Map("server");
  if (node == nullptr && root.Has("server")) {
    return;
  }
  Section section(node == nullptr ? none : *node, "server", problems);

  PlacedText listen{server.listen, section.PlaceOf("listen")};
  if (std::optional<PlacedText> in_file = section.Text("listen")) {
    listen = *std::move(in_file);
  }
  if (settings.listen.has_value()) {
    listen = *settings.listen;
  }
  bool plaintext = false;
  section.Read("plaintext", plaintext);
  const YamlNode* tls = section.Map("tls");
  server.has_tls = tls != nullptr;
  if (tls != nullptr) {
    server.tls = ReadTls(*tls, "server.tls", folder, problems);
    if (plaintext) {
      section.Report("plaintext", "must not be true beside server.tls; leave one of them");
    }
  }
  CheckListen(listen, section.Has("tls"), plaintext, problems);
  server.listen = listen.value;

  section.Read("reflection", server.reflection);
  section.ReadDuration("max_wait", absl::ZeroDuration(), absl::InfiniteDuration(), server.max_wait);
  if (server.max_wait > kMaxWaitLimit) {
    section.Report("max_wait",
                   StrCat("must be at most ", absl::FormatDuration(kMaxWaitLimit),
                          ", the time that calls in flight have to end when the broker shuts down "
                          "(10s when a connection reaches max_connection_age): a call that waits "
                          "longer would be cut off without a status"));
  }
  section.ReadDuration("max_connection_age", absl::Seconds(1), absl::Hours(24),
                       server.max_connection_age);
  section.ReadDuration("drain_delay", absl::ZeroDuration(), kMaxDrainDelay, server.drain_delay);
  section.ReadWhole("max_connections", 1, kMostConnections, server.max_connections);
  section.ReadWhole("max_connections_per_address", 1, kMostConnections,
                    server.max_connections_per_address);
  section.ReadWhole("max_connections_per_principal", 1, kMostConnections,
                    server.max_connections_per_principal);
  section.ReadWhole("max_streams_per_principal", 1, kMaxStreams, server.max_streams_per_principal);
  if (const YamlNode* rate_limit = section.Map("rate_limit")) {
    server.rate_limit = ReadRateLimit(*rate_limit, problems);
  }
  section.Finish();
}

}  // namespace credential_broker::config
