#include "walk/episode.h"

#include <poll.h>

#include <array>
#include <atomic>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "h2/server.h"
#include "rpc/grpc_application.h"
#include "rpc/health_service.h"
#include "rpc/reflection_service.h"
#include "support/h2_client.h"
#include "support/settable_clock.h"
#include "walk/application.h"
#include "walk/client.h"
#include "walk/identities.h"
#include "walk/moods.h"

namespace credential_broker::walk {
namespace {

constexpr int kLives = 3;
constexpr absl::Duration kLife = absl::Milliseconds(350);
// On a machine that is busy with other things, a life in which little has happened is longer.
constexpr absl::Duration kLongestLife = absl::Milliseconds(1400);
constexpr std::uint64_t kLeastConnections = 20;
constexpr std::uint64_t kLeastHandshakes = 8;
// A drain may take its grace and this much more; a call of an honest client, this.
constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr std::size_t kHonestBody = 20 * 1024;

enum class Transport { kPlain, kTls, kMutualTls, kUnix, kCount };
constexpr std::uint64_t kTransports = static_cast<std::uint64_t>(Transport::kCount);
// Each life of an episode has another mood; one seed after the other has each transport soon, and
// all pairs of both in time.
static_assert(std::gcd(kMoods, 2 * kTransports) == 1);

class Episode {
 public:
  Episode(std::uint64_t seed, Totals& totals)
      : seed_(seed),
        totals_(totals),
        choices_(seed),
        transport_(static_cast<Transport>(seed % kTransports)),
        protocol_((seed / kTransports) % 2 == 0 ? Protocol::kStreams : Protocol::kGrpc),
        mood_(seed % kMoods) {}

  std::vector<std::string> Run() {
    // Clients and other threads go on while servers come and go.
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([this, i] { RunCrowd(i); });
    }
    threads.emplace_back([this] { RunHonestClient(); });
    threads.emplace_back([this] { RunOthers(); });
    for (int life = 0; life < kLives; ++life) {
      RunLife(life);
    }
    ended_ = true;
    for (std::thread& thread : threads) {
      thread.join();
    }
    AddTo(totals_, reached_);
    totals_["reloads"] += reloads_;
    totals_["changes of trust"] += trust_changes_;
    totals_["wall clocks set"] += clocks_set_;
    MutexLock lock(mutex_);
    return failures_;
  }

 private:
  // What one server needs; the application outlives it.
  struct Life {
    std::unique_ptr<rpc::HealthService> health;
    std::unique_ptr<rpc::Router> router;
    std::unique_ptr<StreamApplication> streams;
    std::unique_ptr<rpc::GrpcApplication> calls;
    std::unique_ptr<h2::Server> server;
  };

  void Fail(std::string what) {
    MutexLock lock(mutex_);
    failures_.push_back(std::move(what));
  }

  bool tls() const { return transport_ == Transport::kTls || transport_ == Transport::kMutualTls; }

  // What servers start with, and go back to.
  Trust usual_trust() const {
    return transport_ == Transport::kMutualTls ? Trust::kBoth : Trust::kNone;
  }

  h2::Application& MakeApplication(Life& life) {
    if (protocol_ == Protocol::kStreams) {
      life.streams = std::make_unique<StreamApplication>(reached_, pushes_);
      return *life.streams;
    }
    life.health = std::make_unique<rpc::HealthService>();
    life.router = std::make_unique<rpc::Router>();
    life.health->AddTo(*life.router);
    life.health->Set("", rpc::ServingStatus::kServing);
    rpc::AddReflection(*life.router);
    AddCallHandlers(*life.router, reached_, pushes_);
    life.calls = std::make_unique<rpc::GrpcApplication>(*life.router, SystemClock());
    return *life.calls;
  }

  // A server from start to end, under load all the while.
  void RunLife(int number) {
    Life life;
    h2::Application& application = MakeApplication(life);
    h2::ServerOptions options;
    options.address = transport_ == Transport::kUnix
                          ? StrCat("unix:/tmp/walk.", ::getpid(), ".", number, ".sock")
                          : "127.0.0.1:0";
    options.loops = 1 + static_cast<int>(choices_.Below(3));
    options.limits = LimitsOf((mood_ + static_cast<std::uint64_t>(number)) % kMoods, choices_);
    options.principal_of = PrincipalOf;
    options.clock = &clock_;
    if (tls()) {
      options.tls = ServerIdentity(0, usual_trust());
    }
    auto server = h2::Server::Start(std::move(options), application);
    if (!server.ok()) {
      Fail(StrCat("the server does not start: ", server.status().ToString()));
      return;
    }
    life.server = *std::move(server);
    {
      MutexLock lock(life_mutex_);
      life_ = &life;
      trust_ = usual_trust();
    }
    {
      MutexLock lock(mutex_);
      address_ = life.server->address();
    }
    ++totals_["starts"];
    Live(*life.server);
    EndLife(life);
  }

  void Live(const h2::Server& server) {
    const absl::Time started = absl::Now();
    const std::uint64_t handshakes = reached_.handshakes;
    const auto is_idle = [&] {
      return server.counters().connections_closed.value() < kLeastConnections ||
             (tls() && reached_.handshakes - handshakes < kLeastHandshakes);
    };
    do {
      Pause(absl::Milliseconds(50));
    } while (absl::Now() - started < (is_idle() ? kLongestLife : kLife));
  }

  void EndLife(Life& life) {
    const absl::Duration grace =
        choices_.OneIn(4) ? absl::ZeroDuration() : absl::Milliseconds(choices_.Below(150));
    if (life.health != nullptr && choices_.OneIn(2)) {
      life.health->Shutdown();
    }
    const absl::Time started = absl::Now();
    if (choices_.OneIn(4)) {
      ++totals_["ends without a drain"];
    } else {
      ++totals_["drains"];
      life.server->Drain(grace);
      if (absl::Now() - started > grace + kPatience) {
        Fail("a drain took far longer than its grace");
      }
    }
    {
      MutexLock lock(life_mutex_);
      life_ = nullptr;
    }
    life.server->Drain(absl::ZeroDuration());
    CountServer(life.server->counters());
    life.server.reset();
    if (life.calls != nullptr) {
      AddTo(totals_, life.calls->counters());
    }
    if (reached_.handlers_alive != 0) {
      Fail(StrCat(reached_.handlers_alive.load(), " handlers have outlived their server"));
    }
  }

  void CountServer(const h2::Counters& counters) {
    if (counters.connections_accepted.value() != counters.connections_closed.value()) {
      Fail(StrCat(counters.connections_accepted.value(), " connections accepted, ",
                  counters.connections_closed.value(), " closed, and the server is at its end"));
    }
    AddTo(totals_, counters);
  }

  std::string address() {
    MutexLock lock(mutex_);
    return address_;
  }

  // Clients of any kind, many at once.
  void RunCrowd(int number) {
    RandomChoices choices(seed_ * 1000 + static_cast<std::uint64_t>(number));
    std::vector<std::unique_ptr<Client>> clients;
    const std::size_t most = 1 + choices.Below(40);
    const std::uint32_t sources = 1 + choices.Below(3);
    while (!ended_) {
      const std::string target = address();
      // A few at a time: where most are refused at once, the others shall have their turns.
      for (int i = 0; i < 3 && !target.empty() && clients.size() < most; ++i) {
        clients.push_back(std::make_unique<Client>(
            Client::Options{.address = target,
                            .source = static_cast<std::uint8_t>(1 + choices.Below(sources)),
                            .tls = tls() ? ClientContextFor(choices) : nullptr,
                            .protocol = protocol_},
            choices, reached_));
      }
      std::erase_if(clients, [](auto& client) { return !client->Step(); });
      Wait(clients);
    }
  }

  // Until something can be read that will be, or for a millisecond.
  static void Wait(const std::vector<std::unique_ptr<Client>>& clients) {
    std::vector<pollfd> polled;
    for (const auto& client : clients) {
      if (client->reads_all()) {
        polled.push_back({client->fd(), POLLIN, 0});
      }
    }
    ::poll(polled.data(), polled.size(), 1);
  }

  // Asks what everybody may ask, and looks at the whole response. Its connection may end at any
  // time; what must not be is a response that is wrong, or none on a connection that stays.
  void RunHonestClient() {
    RandomChoices choices(seed_ * 1000 + 998);
    const Identities& all = AllIdentities();
    while (!ended_) {
      const std::string target = address();
      if (target.empty()) {
        Pause(absl::Milliseconds(1));
        continue;
      }
      H2ClientOptions options;
      options.address = target;
      if (tls()) {
        const std::array identities = {&all.client, &all.brief, &all.other};
        const PemIdentity& identity = *identities[choices.Below(identities.size())];
        options.tls = H2ClientTls{
            .ca = all.ca.pem(), .certificate = identity.certificate, .key = identity.key};
      }
      auto client = H2Client::Connect(options);
      if (!client.ok()) {
        Pause(absl::Milliseconds(1));
        continue;
      }
      for (int i = 0; i < 20 && !ended_ && !(*client)->closed(); ++i) {
        CallHonestly(**client);
      }
    }
  }

  void CallHonestly(H2Client& client) {
    const bool grpc = protocol_ == Protocol::kGrpc;
    const std::int32_t stream =
        grpc ? client.Request("/grpc.health.v1.Health/Check", false,
                              {{"content-type", "application/grpc"}, {"te", "trailers"}})
             : client.Request("/.hDt", true);
    if (stream < 0) {
      client.AwaitClose();
      return;
    }
    if (grpc) {
      client.SendData(stream, std::string_view("\0\0\0\0\0", 5), true);
    }
    const bool closed = client.AwaitAnswer(stream, kPatience);
    const H2Answer& answer = client.answer(stream);
    if (!closed && !client.closed()) {
      Fail("a call has no response, and its connection is open");
    } else if (answer.ended && !answer.reset.has_value()) {
      const bool right =
          grpc ? !answer.Get("grpc-status").empty() : answer.body.size() == kHonestBody;
      if (!right) {
        Fail(StrCat("a response of ", answer.body.size(), " bytes is wrong"));
      }
      ++reached_.honest_calls;
    }
  }

  // What other threads do to a server: pushes to its streams, new certificates, metrics.
  void RunOthers() {
    RandomChoices choices(seed_ * 1000 + 999);
    while (!ended_) {
      SetWallClock(choices);
      for (int i = 0; i < 20; ++i) {
        pushes_.Run(choices.Below(1U << 31), kOperations[choices.Below(kOperations.size())]);
      }
      DisturbLife(choices);
      Pause(absl::Milliseconds(1));
    }
  }

  // The wall clock is set, mostly to a moment that is near the end of a client's certificate.
  void SetWallClock(Choices& choices) {
    if (!choices.OneIn(8)) {
      return;
    }
    ++clocks_set_;
    clock_.SetAhead(choices.OneIn(4) ? absl::ZeroDuration()
                                     : BriefExpiresAt() + absl::Milliseconds(choices.Below(150)) -
                                           absl::Milliseconds(140) - SystemClock().WallNow());
  }

  // A reload: another certificate, and now and then other client CAs or CRLs.
  void Reload(h2::Server& server, Choices& choices) ABSL_EXCLUSIVE_LOCKS_REQUIRED(life_mutex_) {
    Trust trust = trust_;
    if (choices.OneIn(3)) {
      trust = choices.OneIn(2) ? usual_trust() : static_cast<Trust>(choices.Below(kTrusts));
    }
    if (!server.UpdateIdentity(ServerIdentity(choices.Below(2), trust)).ok()) {
      Fail("a server refuses a good identity");
      return;
    }
    ++reloads_;
    trust_changes_ += trust != trust_ ? 1 : 0;
    trust_ = trust;
  }

  void DisturbLife(Choices& choices) {
    MutexLock lock(life_mutex_);
    if (life_ == nullptr) {
      return;
    }
    if (tls()) {
      Reload(*life_->server, choices);
    }
    if (life_->health != nullptr) {
      life_->health->Set(
          "", choices.OneIn(2) ? rpc::ServingStatus::kServing : rpc::ServingStatus::kNotServing);
    }
    (void)life_->server->counters().protocol_errors.last_peer();
  }

  static void Pause(absl::Duration duration) {
    ::poll(nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(duration)));
  }

  const std::uint64_t seed_;
  Totals& totals_;
  RandomChoices choices_;
  const Transport transport_;
  const Protocol protocol_;
  const std::uint64_t mood_;  // of the first life

  SettableClock clock_;
  Reached reached_;
  Pushes pushes_;
  Count reloads_{0};
  Count trust_changes_{0};
  Count clocks_set_{0};
  std::atomic<bool> ended_{false};
  Mutex life_mutex_;
  Life* life_ ABSL_GUARDED_BY(life_mutex_) = nullptr;        // not null: its server serves
  Trust trust_ ABSL_GUARDED_BY(life_mutex_) = Trust::kNone;  // of that server
  Mutex mutex_;
  std::string address_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> failures_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::vector<std::string> RunEpisode(std::uint64_t seed, Totals& totals) {
  return Episode(seed, totals).Run();
}

}  // namespace credential_broker::walk
