// A listener of the broker: the worker, HTTP/2, gRPC and the services in one, over real sockets, in
// one thread and on a clock that stands still. Only the store of credentials and the reviews of
// bearer tokens are replaced: tokens come, expire and fail, and reviews end, as the input says.
//
// The input: a byte that says which limits there are, then steps. A step is a letter and its
// arguments, mostly a byte each: see Run::Step.

#include <ev.h>
#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "broker_front/calls.h"
#include "broker_front/fuzz_client.h"
#include "broker_front/fuzz_store.h"
#include "broker_front/response_check.h"
#include "google/protobuf/stubs/logging.h"
#include "h2/worker.h"
#include "identity/quota_key.h"
#include "rpc/grpc_application.h"
#include "rpc/health_service.h"
#include "rpc/reflection_service.h"
#include "service/admin_service.h"
#include "service/call_admission.h"
#include "service/fakes.h"
#include "service/token_service.h"
#include "support/fake_clock.h"
#include "support/fixed_random.h"
#include "support/h2_client.h"
#include "support/virtual_time.h"

namespace credential_broker::service {
namespace {

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  bool empty() const { return left_ == 0; }
  std::uint8_t Byte() { return left_ == 0 ? 0 : (--left_, *data_++); }
  std::string Bytes(std::size_t size) {
    size = std::min(size, left_);
    std::string bytes(reinterpret_cast<const char*>(data_), size);
    data_ += size;
    left_ -= size;
    return bytes;
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

class Run {
 public:
  Run(const SharedListener& listener, Input& input)
      : listener_(listener), input_(input), limits_byte_(input.Byte()) {
    service_.AddTo(router_);
    admin_.AddTo(router_);
    health_.AddTo(router_);
    rpc::AddReflection(router_);
    health_.Set("", rpc::ServingStatus::kServing);
    Renew(0, absl::Seconds(300));
    Connect();
  }

  void Step() {
    switch (input_.Byte() % 16) {
      case 0:
      case 1:
        Call();
        break;
      case 2: {
        const std::uint8_t back = input_.Byte();
        const std::string body = input_.Bytes(input_.Byte());
        Send(H2Frame(NGHTTP2_DATA, input_.Byte() % 2, client().StreamBack(back), body));
        break;
      }
      case 3:
        Send(H2Frame(NGHTTP2_RST_STREAM, 0, client().StreamBack(input_.Byte()),
                     BigEndian32(NGHTTP2_CANCEL)));
        break;
      case 4: {
        const std::uint8_t stream = input_.Byte();
        Send(H2Frame(NGHTTP2_WINDOW_UPDATE, 0, stream == 0 ? 0 : client().StreamBack(stream),
                     BigEndian32(1U << (input_.Byte() % 31))));
        break;
      }
      case 5:
        client().wild = true;
        Send(input_.Bytes(input_.Byte()));
        break;
      case 6:
        Advance(absl::Milliseconds(1 << (input_.Byte() % 18)));
        Turn();
        break;
      case 7:
        Renew(input_.Byte() % 2, absl::Seconds(input_.Byte()));
        break;
      case 8:
        credentials_.at(input_.Byte() % 2)
            ->Fail(static_cast<Reason>(input_.Byte() %
                                       (static_cast<int>(Reason::kCredentialRejected) + 1)));
        break;
      case 9:
        Reload(input_.Byte());
        break;
      case 10:
        tokens_.Decide(input_.Byte() % 2 == 0);
        break;
      case 11:
        Rare(input_.Byte());
        break;
      case 12:
        current_ = input_.Byte() % clients_.size();
        Connect();
        break;
      case 13: {
        const std::uint8_t value = input_.Byte();
        Send(H2Frame(NGHTTP2_SETTINGS, 0, 0,
                     std::string("\0\4", 2) + BigEndian32(value == 0 ? 0 : 1U << (value % 31))));
        break;
      }
      default:
        Turn();
        break;
    }
  }

  // Whatever has happened, everything ends: connections whose clients are gone within their limits
  // of time, and calls, streams and reviews with them.
  void Finish() {
    Turn();
    for (auto& client : clients_) {
      client = nullptr;
    }
    for (int i = 0; i < 30 && open_connections() > 0; ++i) {
      Turn();
      Turn();
      Advance(absl::Seconds(30));
    }
    Require(open_connections() == 0, "a connection ends some time after its client");
    Require(output_budget_->total() == 0, "no output is counted that is gone");
    loop_->Post([this] { loop_->Break(); });
    worker_.Run();
    Require(service_.watches().StreamCounts().empty(), "no stream outlives its connection");
    Require(streams_.size() == 0, "no permit of a stream outlives it");
    Require(tokens_.waiting() == 0, "no review outlives its call");
    Require(credentials_[0]->waiting() + credentials_[1]->waiting() == 0,
            "no query outlives its call");
  }

 private:
  Client& client() { return *clients_.at(current_); }

  void Connect() {
    const std::size_t number = current_;
    UniqueFd socket = listener_.Connect();
    auto on_message = [this, number](std::uint32_t stream, std::string_view message) {
      Client& client = *clients_.at(number);
      const auto known = client.streams().find(stream);
      if (known != client.streams().end() && !client.wild) {
        checks_.Check(known->second, message);
      }
    };
    clients_.at(number) = std::make_unique<Client>(std::move(socket), std::move(on_message));
    Send(H2Hello() + H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, ""));
    Turn();
  }

  void Send(std::string_view bytes) { client().Send(bytes); }

  // A whole request, mostly: its method, its caller, its headers, and its message.
  void Call() {
    const std::uint8_t method = input_.Byte() % kPaths.size();
    const std::uint8_t bearer = input_.Byte() % kBearers.size();
    const std::uint8_t manner = input_.Byte();
    const std::string message = input_.Bytes(input_.Byte());
    const std::uint32_t id = client().TakeStreamId();
    client().streams()[id] = {method, kCallerOf.at(bearer),
                              static_cast<std::uint8_t>(1U << policy_)};
    Send(H2Frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id,
                 HeaderBlock(method, bearer, manner)));
    std::string body((manner & 0x10) != 0 ? "\1" : std::string(1, '\0'));
    body += BigEndian32(static_cast<std::uint32_t>(message.size())) + message;
    if ((manner & 0x20) == 0) {
      Send(H2Frame(NGHTTP2_DATA, (manner & 0x40) == 0 ? NGHTTP2_FLAG_END_STREAM : 0, id, body));
    }
  }

  void Renew(std::size_t number, absl::Duration lifetime) {
    checks_.OnToken(StrCat(kNames.at(number), "-", ++renewals_.at(number)), policy_);
    credentials_.at(number)->Renew(lifetime + absl::Seconds(1));
  }

  void Reload(std::uint8_t policy) {
    policy_ = policy % kPolicies;
    current_set_.Replace(NewSet(policy_));
    service_.watches().RecheckPermissions();
    checks_.OnPolicy(policy_);
    const auto bit = static_cast<std::uint8_t>(1U << policy_);
    for (const auto& client : clients_) {
      if (client != nullptr) {
        for (auto& [id, stream] : client->streams()) {
          stream.policies |= bit;
        }
      }
    }
  }

  void Rare(std::uint8_t choice) {
    switch (choice % 8) {
      case 0:
        worker_.Drain(absl::Milliseconds(choice), [] {});
        break;
      case 1:
        service_.watches().Shutdown();
        break;
      case 2:
        health_.Set("",
                    choice < 128 ? rpc::ServingStatus::kServing : rpc::ServingStatus::kNotServing);
        break;
      case 3:
        tokens_.SetGood(choice < 128);
        break;
      case 4:
        Send(H2Frame(NGHTTP2_PING, 0, 0, "pingpong"));
        break;
      case 5:
        Send(H2Frame(NGHTTP2_GOAWAY, 0, 0, BigEndian32(0) + BigEndian32(0)));
        break;
      default:
        Advance(absl::Seconds(choice));
        break;
    }
  }

  void Turn() {
    for (const auto& client : clients_) {
      if (client != nullptr) {
        client->Turn();
      }
    }
    ev_run(loop_->raw(), EVRUN_NOWAIT);
    ev_run(loop_->raw(), EVRUN_NOWAIT);
    for (const auto& client : clients_) {
      if (client != nullptr) {
        client->Turn();
      }
    }
  }

  void Advance(absl::Duration step) {
    VirtualTime::Advance(step);
    clock_.Advance(step);
    for (const auto& credential : credentials_) {
      credential->Expire();
    }
  }

  std::uint64_t open_connections() const {
    return counters_.connections_accepted.value() - counters_.connections_closed.value();
  }

  CurrentCredentials::SetPtr NewSet(std::uint8_t policy) const {
    return std::make_shared<const CredentialSet>(
        std::map<std::string, std::shared_ptr<Credential>, std::less<>>{
            {std::string(kNames[0]), credentials_[0]}, {std::string(kNames[1]), credentials_[1]}},
        PolicyOf(policy));
  }
  std::optional<RateLimit> CallRate() const {
    return (limits_byte_ & 1) != 0 ? std::optional(RateLimit{5, 10}) : std::nullopt;
  }

  const VirtualTime time_;
  const SharedListener& listener_;
  Input& input_;
  const std::uint8_t limits_byte_;
  FakeClock clock_;
  const std::array<std::shared_ptr<FuzzCredential>, 2> credentials_ = {
      std::make_shared<FuzzCredential>(std::string(kNames[0]), clock_),
      std::make_shared<FuzzCredential>(std::string(kNames[1]), clock_)};
  std::array<int, 2> renewals_{};
  std::uint8_t policy_ = 0;
  CurrentCredentials current_set_{NewSet(0)};
  FuzzTokens tokens_{clock_};
  RecordedAudit audit_;
  ResponseCheck checks_{audit_};
  KeyedRateLimiter rate_{CallRate(), clock_};
  KeyedPermits streams_{(limits_byte_ & 2) != 0 ? std::size_t{2} : std::size_t{1000}};
  TokenService service_{current_set_,
                        audit_,
                        clock_,
                        absl::Seconds(20),
                        {.tokens = (limits_byte_ & 4) != 0 ? nullptr : &tokens_,
                         .rate = &rate_,
                         .streams = &streams_}};
  AdminService admin_{current_set_, audit_};
  CallAdmission admission_{audit_, rate_};
  rpc::HealthService health_;
  rpc::Router router_;
  rpc::GrpcApplication application_{router_, clock_, nullptr, &admission_};

  const h2::Limits limits_;
  h2::Counters counters_;
  FixedRandom random_;
  h2::TlsSlot tls_{nullptr};
  const h2::SessionTemplate session_template_{limits_};
  h2::ConnectionLimiter limiter_{limits_, counters_};
  h2::PrincipalGate principals_{limits_, identity::QuotaKeyOf, counters_};
  const std::shared_ptr<h2::OutputBudget> output_budget_ =
      std::make_shared<h2::OutputBudget>(limits_.max_queued_output_total);
  h2::WorkerEnvironment environment_{
      application_, limits_,     session_template_, counters_, limiter_, tls_,
      /*loops=*/1,  principals_, output_budget_,    clock_,    random_};
  const std::shared_ptr<h2::EvLoop> loop_ = h2::EvLoop::Create();
  h2::Worker worker_{environment_, loop_, listener_.listener()};
  std::array<std::unique_ptr<Client>, 3> clients_;
  std::size_t current_ = 0;
};

}  // namespace
}  // namespace credential_broker::service

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace credential_broker::service;  // NOLINT(google-build-using-namespace)
  static const SharedListener& listener = [] {
    google::protobuf::SetLogHandler(nullptr);  // as the broker does
    return std::ref(*new SharedListener());
  }();
  Input input(data, size);
  Run run(listener, input);
  while (!input.empty()) {
    run.Step();
  }
  run.Finish();
  return 0;
}
