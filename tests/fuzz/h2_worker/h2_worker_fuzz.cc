// A listener's worker and its clients, over real sockets, in one thread and on a clock that stands
// still, so that an input does the same in every run. The input is a list of choices: which client
// does something, what it sends and how it ends (see walk/client.h), when the worker has its turn,
// how much time passes, when it drains, which client CAs it trusts and whose certificates have
// expired, and what other threads push to its streams.

#include <ev.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "base/strings.h"
#include "h2/worker.h"
#include "rpc/grpc_application.h"
#include "rpc/health_service.h"
#include "rpc/reflection_service.h"
#include "support/fake_clock.h"
#include "support/fixed_random.h"
#include "support/virtual_time.h"
#include "walk/application.h"
#include "walk/client.h"
#include "walk/identities.h"
#include "walk/moods.h"

namespace credential_broker::walk {
namespace {

void Require(bool holds, const char* what) {
  if (!holds) {
    std::fprintf(stderr, "does not hold: %s\n", what);
    std::abort();
  }
}

// Choices by the bytes of an input. When they are used up, by random numbers that follow from them:
// most of what a short input can say is not worth a run, and long ones are found too slowly. The
// last byte says how many steps are taken at random.
class InputChoices final : public Choices {
 public:
  InputChoices(const std::uint8_t* data, std::size_t size)
      : data_(data),
        left_(size == 0 ? 0 : size - 1),
        random_steps_(size == 0 ? 0 : data[size - 1] % 128),
        random_(std::hash<std::string_view>()({reinterpret_cast<const char*>(data), left_})) {}

  std::uint32_t Below(std::uint32_t limit) override {
    if (used_up()) {
      return random_.Below(limit);
    }
    std::uint32_t value = 0;
    for (std::uint32_t range = 1; range < limit && left_ > 0; range <<= 8) {
      value = value << 8 | *data_++;
      --left_;
      if (range >= 1U << 24) {
        break;
      }
    }
    return limit == 0 ? 0 : value % limit;
  }
  // True while there is another step to take.
  bool Next() { return !used_up() || random_steps_-- > 0; }

 private:
  bool used_up() const { return left_ == 0; }

  const std::uint8_t* data_;
  std::size_t left_;
  int random_steps_;
  RandomChoices random_;
};

// What all runs share.
class Shared {
 public:
  Shared() : address_(StrCat("unix:@h2_worker_fuzz.", ::getpid())) {
    std::signal(SIGPIPE, SIG_IGN);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path + 1, address_.data() + 6, address_.size() - 6);
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size() - 5);
    Require(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), size) == 0, "bind");
    Require(::listen(listener_.get(), 64) == 0, "listen");
    for (std::size_t i = 0; i < contexts_.size(); ++i) {
      contexts_[i] =
          *h2::TlsContext::Create(ServerIdentity(i / kTrusts, static_cast<Trust>(i % kTrusts)));
    }
    health_.AddTo(router_);
    rpc::AddReflection(router_);
    AddCallHandlers(router_, reached_, pushes_);
  }

  UniqueFd listener() const { return UniqueFd(::fcntl(listener_.get(), F_DUPFD_CLOEXEC, 0)); }
  const std::string& address() const { return address_; }
  static constexpr std::size_t kContexts = 2 * kTrusts;
  std::shared_ptr<const h2::TlsContext> context(std::size_t i) const { return contexts_.at(i); }
  std::shared_ptr<const h2::TlsContext> usual_context() const {
    return context(static_cast<std::size_t>(Trust::kBoth));
  }
  h2::Application& application(Protocol protocol) {
    return protocol == Protocol::kGrpc ? static_cast<h2::Application&>(calls_) : streams_;
  }
  rpc::HealthService& health() { return health_; }
  Reached& reached() { return reached_; }
  Pushes& pushes() { return pushes_; }

 private:
  const std::string address_;
  UniqueFd listener_;
  std::array<std::shared_ptr<const h2::TlsContext>, kContexts> contexts_;
  Reached reached_;
  Pushes pushes_;
  rpc::HealthService health_;
  rpc::Router router_;
  StreamApplication streams_{reached_, pushes_};
  rpc::GrpcApplication calls_{router_, SystemClock()};
};

class Run {
 public:
  Run(Shared& shared, Choices& choices)
      : shared_(shared),
        choices_(choices),
        with_tls_(choices.OneIn(4)),
        protocol_(choices.OneIn(3) ? Protocol::kGrpc : Protocol::kStreams),
        limits_(LimitsOf(choices.Below(kMoods), choices)),
        clock_(BriefExpiresAt() - absl::Seconds(with_tls_ ? choices.Below(16) : 0)),
        tls_(with_tls_ ? shared.usual_context() : nullptr),
        environment_{shared.application(protocol_),
                     limits_,
                     session_template_,
                     counters_,
                     limiter_,
                     tls_,
                     /*loops=*/1,
                     principals_,
                     output_budget_,
                     clock_,
                     random_},
        worker_(environment_, loop_, shared.listener()) {}

  void Step() {
    switch (choices_.Below(16)) {
      case 0:
        Connect(choices_.Below(clients_.size()));
        break;
      case 1:
        Handshake(choices_.Below(clients_.size()));
        break;
      case 2:
        Connect(choices_.Below(clients_.size()));
        [[fallthrough]];
      case 3:
      case 4:
      case 5:
        Turn(1);
        break;
      case 6:
        Advance(absl::Milliseconds(1 << choices_.Below(14)));
        Turn(1);
        break;
      case 7:
        Rare();
        break;
      default:
        StepClient(choices_.Below(clients_.size()));
        break;
    }
  }

  // Whatever has happened, everything ends: connections whose clients are gone, within their
  // limits of time, and handlers with them.
  void Finish() {
    for (auto& client : clients_) {
      client = nullptr;
    }
    for (int i = 0; i < 30 && open_connections() > 0; ++i) {
      Turn(3);
      Advance(absl::Seconds(30));
    }
    Require(open_connections() == 0, "a connection ends some time after its client");
    Require(output_budget_->total() == 0, "no output is counted that is gone");
    loop_->Post([this] { loop_->Break(); });
    worker_.Run();
    Require(shared_.reached().handlers_alive == 0, "no handler outlives the worker");
  }

 private:
  std::uint64_t open_connections() const {
    return counters_.connections_accepted.value() - counters_.connections_closed.value();
  }

  void Connect(std::size_t i) {
    clients_[i] = std::make_unique<Client>(
        Client::Options{.address = shared_.address(),
                        .tls = with_tls_ ? ClientContextFor(choices_) : nullptr,
                        .protocol = protocol_},
        choices_, shared_.reached());
  }

  // Connects and goes through the TLS handshake, where there is one, in one step: by steps of their
  // own few inputs would get that far.
  void Handshake(std::size_t i) {
    Connect(i);
    for (int round = 0; round < 50 && clients_[i] != nullptr && !clients_[i]->shaken(); ++round) {
      StepClient(i);
      Turn(1);
    }
  }

  void StepClient(std::size_t i) {
    if (clients_[i] != nullptr && !clients_[i]->Step()) {
      clients_[i] = nullptr;
    }
  }

  // Turns of the worker's loop, which does not sleep.
  void Turn(int count) {
    for (; count > 0; --count) {
      ev_run(loop_->raw(), EVRUN_NOWAIT);
    }
  }

  void Advance(absl::Duration step) {
    VirtualTime::Advance(step);
    clock_.Advance(step);
  }

  void ChangeTrust() {
    const std::uint32_t choice = choices_.Below(2 * Shared::kContexts);
    if (choice >= Shared::kContexts) {
      clock_.JumpWall(absl::Seconds(choice % 16) - absl::Seconds(8));
      return;
    }
    // As Server::UpdateIdentity does it.
    std::shared_ptr<const h2::TlsContext> context = shared_.context(choice);
    const bool same_trust = context->trust_digest() == tls_.Get()->trust_digest();
    tls_.Set(std::move(context));
    if (!same_trust) {
      worker_.CheckTrust();
    }
  }

  void Rare() {
    if (with_tls_ && choices_.OneIn(2)) {
      ChangeTrust();
      return;
    }
    switch (choices_.Below(8)) {
      case 0:
        worker_.Drain(absl::Milliseconds(choices_.Below(500)), [] {});
        break;
      case 2:
        shared_.health().Set(
            "", choices_.OneIn(2) ? rpc::ServingStatus::kServing : rpc::ServingStatus::kNotServing);
        break;
      case 3:
        Advance(absl::Seconds(choices_.Below(100)));
        break;
      default:
        shared_.pushes().Run(choices_.Below(256), kOperations[choices_.Below(kOperations.size())]);
        break;
    }
  }

  const VirtualTime time_;
  Shared& shared_;
  Choices& choices_;
  const bool with_tls_;
  const Protocol protocol_;
  const h2::Limits limits_;
  h2::Counters counters_;
  FixedRandom random_;
  FakeClock clock_;  // near the end of a client's certificate
  h2::TlsSlot tls_;
  const h2::SessionTemplate session_template_{limits_};
  h2::ConnectionLimiter limiter_{limits_, counters_};
  h2::PrincipalGate principals_{limits_, PrincipalOf, counters_};
  const std::shared_ptr<h2::OutputBudget> output_budget_ =
      std::make_shared<h2::OutputBudget>(limits_.max_queued_output_total);
  h2::WorkerEnvironment environment_;
  const std::shared_ptr<h2::EvLoop> loop_ = h2::EvLoop::Create();
  h2::Worker worker_;
  std::array<std::unique_ptr<Client>, 4> clients_;
};

}  // namespace
}  // namespace credential_broker::walk

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace credential_broker::walk;  // NOLINT(google-build-using-namespace)
  static Shared& shared = *new Shared();
  InputChoices choices(data, size);
  Run run(shared, choices);
  while (choices.Next()) {
    run.Step();
  }
  run.Finish();
  return 0;
}
