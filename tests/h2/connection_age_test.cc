#include <ev.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "h2/address.h"
#include "h2/echo_application.h"
#include "h2/listener.h"
#include "h2/worker.h"
#include "support/fake_clock.h"
#include "support/fixed_random.h"
#include "support/h2_client.h"
#include "support/virtual_time.h"

namespace credential_broker::h2 {
namespace {

// A worker with one connection, on the thread of the test and on virtual time.
class AgingConnection {
 public:
  explicit AgingConnection(std::uint64_t random) : random_(random) {
    client_->Write(H2Hello() + H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""));
    while (counters_.connections_accepted.value() == 0) {
      Turn();
    }
  }

  // Returns the age at which the connection begins to shut down; at most `limit`.
  absl::Duration Shutdown(absl::Duration limit) {
    constexpr absl::Duration kStep = absl::Milliseconds(100);
    absl::Duration age;
    for (; counters_.age_limits.value() == 0 && age < limit; age += kStep) {
      VirtualTime::Advance(kStep);
      Turn();
    }
    return age;
  }

 private:
  void Turn() { ev_run(loop_->raw(), EVRUN_NOWAIT); }

  static Limits Lasting() {
    Limits limits;
    limits.max_connection_age = absl::Seconds(100);
    limits.keepalive_interval = absl::Hours(1);
    return limits;
  }

  const VirtualTime time_;
  FakeClock clock_;
  FixedRandom random_;
  const Limits limits_ = Lasting();
  EchoApplication application_;
  Counters counters_;
  TlsSlot tls_{nullptr};
  const SessionTemplate session_template_{limits_};
  ConnectionLimiter limiter_{limits_, counters_};
  PrincipalGate principals_{limits_, [](const Peer& peer) { return peer.counted_as; }, counters_};
  const std::shared_ptr<OutputBudget> output_budget_ =
      std::make_shared<OutputBudget>(limits_.max_queued_output_total);
  WorkerEnvironment environment_{application_, limits_,     session_template_, counters_, limiter_,
                                 tls_,
                                 /*loops=*/1,  principals_, output_budget_,    clock_,    random_};
  const std::shared_ptr<EvLoop> loop_ = EvLoop::Create();
  Listener listener_ = *Listen(*ParseListenAddress("127.0.0.1:0"), 1, 0);
  Worker worker_{environment_, loop_, std::move(listener_.sockets.front())};
  const std::unique_ptr<ByteStream> client_ = *ByteStream::Connect(listener_.address, std::nullopt);
};

TEST(ConnectionAge, HasAJitterOfTenPercent) {
  const auto age_with = [](std::uint64_t random) {
    return absl::ToDoubleSeconds(AgingConnection(random).Shutdown(absl::Seconds(200)));
  };
  EXPECT_NEAR(age_with(0), 90, 0.5);
  EXPECT_NEAR(age_with(FixedRandom::kMiddle), 100, 0.5);
  EXPECT_NEAR(age_with(FixedRandom::kMax), 110, 0.5);
}

}  // namespace
}  // namespace credential_broker::h2
