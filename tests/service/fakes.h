#ifndef CREDENTIAL_BROKER_TESTS_SERVICE_FAKES_H_
#define CREDENTIAL_BROKER_TESTS_SERVICE_FAKES_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/audit_sink.h"
#include "core/credential_set.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "rpc/call.h"

namespace credential_broker::service {

// A call without a transport: keeps what the service answers. Posts through Ref wait for RunPosted.
class FakeCall : public rpc::Call {
 public:
  const Peer& peer() const override { return peer_; }
  const rpc::Metadata& metadata() const override { return metadata_; }
  std::optional<std::string_view> metadata(std::string_view name) const override {
    for (const rpc::MetadataEntry& entry : metadata_) {
      if (entry.name == name) {
        return entry.value;
      }
    }
    return std::nullopt;
  }
  std::optional<absl::Duration> timeout() const override { return std::nullopt; }
  BootTime deadline() const override { return deadline_; }
  void SendInitialMetadata(const rpc::Metadata&) override {}
  void SendMessage(std::string message) override { messages_.push_back(std::move(message)); }
  void SendFramed(std::string framed) override { messages_.push_back(framed.substr(kFramePrefix)); }
  void SendFramed(std::shared_ptr<const std::string>) override {}
  void Finish(const google::rpc::Status& status, const rpc::Metadata&) override {
    finished_ = status;
  }
  std::size_t unsent_bytes() const override { return 0; }
  std::shared_ptr<rpc::CallRef> Ref() override { return std::make_shared<FakeRef>(posted_); }

  void RunPosted() {
    for (auto& task : std::exchange(*posted_, {})) {
      std::move(task)(*this);
    }
  }

  void set_peer(Peer peer) { peer_ = std::move(peer); }
  void AddMetadata(std::string name, std::string value) {
    metadata_.push_back({std::move(name), std::move(value)});
  }
  void set_deadline(BootTime deadline) { deadline_ = deadline; }
  const std::vector<std::string>& messages() const { return messages_; }
  const std::optional<google::rpc::Status>& finished() const { return finished_; }

 private:
  static constexpr std::size_t kFramePrefix = 5;
  using Tasks = std::vector<absl::AnyInvocable<void(rpc::Call&) &&>>;
  class FakeRef : public rpc::CallRef {
   public:
    explicit FakeRef(std::shared_ptr<Tasks> tasks) : tasks_(std::move(tasks)) {}
    void Post(absl::AnyInvocable<void(rpc::Call&) &&> task) override {
      tasks_->push_back(std::move(task));
    }

   private:
    std::shared_ptr<Tasks> tasks_;
  };

  Peer peer_;
  rpc::Metadata metadata_;
  BootTime deadline_ = BootTime::InfiniteFuture();
  std::shared_ptr<Tasks> posted_ = std::make_shared<Tasks>();
  std::vector<std::string> messages_;
  std::optional<google::rpc::Status> finished_;
};

// A credential whose answers a test scripts.
class FakeCredential : public Credential {
 public:
  std::optional<absl::StatusOr<TokenPtr>> TryGet(const TokenQuery& query) override {
    last_query = query;
    return known;
  }
  std::unique_ptr<PendingQuery> Wait(TokenQuery query, TokenCallback done) override {
    last_query = std::move(query);
    waiting = std::move(done);
    ++waits;
    return std::make_unique<Pending>(*this);
  }
  CredentialStatus Status() const override { return status; }

  std::optional<absl::StatusOr<TokenPtr>> known;
  TokenQuery last_query;
  TokenCallback waiting;
  CredentialStatus status;
  int waits = 0;
  int withdrawn = 0;

 private:
  class Pending : public PendingQuery {
   public:
    explicit Pending(FakeCredential& owner) : owner_(owner) {}
    ~Pending() override { ++owner_.withdrawn; }

   private:
    FakeCredential& owner_;
  };
};

// Two clocks that move only when a test sets them.
class ManualClock : public Clock {
 public:
  BootTime Now() const override { return now; }
  absl::Time WallNow() const override { return wall; }

  BootTime now = BootTime::FromSinceBoot(absl::Seconds(1000));
  absl::Time wall = absl::FromUnixSeconds(1'800'000'000);
};

struct RecordedAudit : AuditSink {
  struct Issued {
    std::string principal, credential, version;
  };
  struct Denied {
    std::string principal, credential;
    Reason reason;
  };
  void TokenIssued(std::string_view principal, std::string_view, std::string_view credential,
                   std::string_view version) override {
    issued.push_back({std::string(principal), std::string(credential), std::string(version)});
  }
  void CallerDenied(std::string_view principal, std::string_view, std::string_view credential,
                    Reason reason) override {
    denied.push_back({std::string(principal), std::string(credential), reason});
  }
  std::vector<Issued> issued;
  std::vector<Denied> denied;
};

inline std::shared_ptr<Token> MakeToken(const Clock& clock, std::string_view value,
                                        std::string_view version) {
  auto token = std::make_shared<Token>();
  token->value = Secret(value);
  token->token_type = "Bearer";
  token->version = std::string(version);
  token->lifetime = absl::Seconds(300);
  token->expires_at = clock.Now() + absl::Seconds(300);
  token->usable_until = clock.Now() + absl::Seconds(290);
  token->refresh_at = clock.Now() + absl::Seconds(150);
  return token;
}

inline std::vector<PrincipalPattern> Patterns(const std::vector<std::string>& texts) {
  std::vector<PrincipalPattern> patterns;
  for (const std::string& text : texts) {
    patterns.push_back(*PrincipalPattern::Parse(text));
  }
  return patterns;
}

inline google::rpc::ErrorInfo ErrorInfoOf(const google::rpc::Status& status) {
  google::rpc::ErrorInfo info;
  for (const auto& detail : status.details()) {
    if (detail.UnpackTo(&info)) {
      return info;
    }
  }
  return info;
}

inline std::optional<google::protobuf::Duration> RetryDelayOf(const google::rpc::Status& status) {
  google::rpc::RetryInfo retry;
  for (const auto& detail : status.details()) {
    if (detail.UnpackTo(&retry)) {
      return retry.retry_delay();
    }
  }
  return std::nullopt;
}

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_TESTS_SERVICE_FAKES_H_
