#ifndef CREDENTIAL_BROKER_TESTS_SERVICE_FAKES_H_
#define CREDENTIAL_BROKER_TESTS_SERVICE_FAKES_H_

#include <algorithm>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "base/executor.h"
#include "base/mutex.h"
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
  void SendFramed(std::shared_ptr<const std::string> framed) override {
    messages_.push_back(framed->substr(kFramePrefix));
    shared_.push_back(std::move(framed));
  }
  void Finish(const google::rpc::Status& status, const rpc::Metadata&) override {
    finished_ = status;
  }
  std::size_t unsent_bytes() const override { return unsent_; }
  std::shared_ptr<rpc::CallRef> Ref() override { return std::make_shared<FakeRef>(posted_); }

  std::unique_ptr<Timer> RunAfter(absl::Duration delay,
                                  absl::AnyInvocable<void() &&> task) override {
    timers_->push_back({delay, std::move(task)});
    return std::make_unique<FakeTimer>(timers_, std::prev(timers_->end()));
  }
  // The delays of the timers that are set, the oldest first.
  std::vector<absl::Duration> timers() const {
    std::vector<absl::Duration> delays;
    for (const auto& timer : *timers_) {
      if (timer.task != nullptr) {
        delays.push_back(timer.delay);
      }
    }
    return delays;
  }
  // Runs the oldest timer that is set.
  void FireTimer() {
    for (auto& timer : *timers_) {
      if (timer.task != nullptr) {
        std::move(std::exchange(timer.task, nullptr))();
        return;
      }
    }
  }

  std::shared_ptr<Executor> executor() override { return executor_; }
  bool TakeBack() override {
    if (can_take_back_ && unsent_ > 0) {
      messages_.pop_back();
      shared_.pop_back();
    }
    return can_take_back_;
  }

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
  void set_executor(std::shared_ptr<Executor> executor) { executor_ = std::move(executor); }
  void set_unsent(std::size_t bytes) { unsent_ = bytes; }
  // Whether the client has taken no byte of what is unsent.
  void set_can_take_back(bool can) { can_take_back_ = can; }
  const std::vector<std::string>& messages() const { return messages_; }
  // Those of them that other calls may have been sent as well.
  const std::vector<std::shared_ptr<const std::string>>& shared() const { return shared_; }
  const std::optional<google::rpc::Status>& finished() const { return finished_; }

 private:
  static constexpr std::size_t kFramePrefix = 5;
  using Tasks = std::vector<absl::AnyInvocable<void(rpc::Call&) &&>>;
  struct SetTimer {
    absl::Duration delay;
    absl::AnyInvocable<void() &&> task;  // null: it has fired
  };
  using Timers = std::list<SetTimer>;
  class FakeTimer : public Timer {
   public:
    FakeTimer(std::shared_ptr<Timers> timers, Timers::iterator place)
        : timers_(std::move(timers)), place_(place) {}
    ~FakeTimer() override { timers_->erase(place_); }

   private:
    std::shared_ptr<Timers> timers_;
    Timers::iterator place_;
  };
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
  std::shared_ptr<Timers> timers_ = std::make_shared<Timers>();
  std::shared_ptr<Executor> executor_;
  std::size_t unsent_ = 0;
  bool can_take_back_ = false;
  std::vector<std::string> messages_;
  std::vector<std::shared_ptr<const std::string>> shared_;
  std::optional<google::rpc::Status> finished_;
};

// A credential whose answers a test scripts. Its view may be changed on any thread.
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
  CredentialView View() const override {
    MutexLock lock(mutex_);
    ++views_;
    return view_;
  }
  std::shared_ptr<CredentialWatch> Watch(std::function<void()> on_change) override {
    auto watch = std::make_shared<FakeWatch>();
    watch->on_change = std::move(on_change);
    MutexLock lock(mutex_);
    watches_.push_back(watch);
    return watch;
  }
  std::unique_ptr<PendingQuery> Refresh(TokenCallback done) override {
    refreshing = std::move(done);
    ++refreshes;
    return std::make_unique<Pending>(*this);
  }

  // Shows `view` from now on, without a word to those who watch.
  void ShowSilently(CredentialView view) {
    MutexLock lock(mutex_);
    view_ = std::move(view);
  }
  // The same, and tells them.
  void Show(CredentialView view) {
    ShowSilently(std::move(view));
    std::vector<std::shared_ptr<FakeWatch>> told;
    {
      MutexLock lock(mutex_);
      for (const auto& watch : watches_) {
        if (auto alive = watch.lock()) {
          told.push_back(std::move(alive));
        }
      }
    }
    for (const auto& watch : told) {
      watch->on_change();
    }
  }
  // How often View was asked for.
  int views() const {
    MutexLock lock(mutex_);
    return views_;
  }
  int watches() const {
    MutexLock lock(mutex_);
    return static_cast<int>(std::count_if(watches_.begin(), watches_.end(),
                                          [](const auto& watch) { return !watch.expired(); }));
  }

  std::optional<absl::StatusOr<TokenPtr>> known;
  TokenQuery last_query;
  TokenCallback waiting;
  CredentialStatus status;
  int waits = 0;
  int withdrawn = 0;
  TokenCallback refreshing;
  int refreshes = 0;

 private:
  struct FakeWatch : CredentialWatch {
    std::function<void()> on_change;
  };
  class Pending : public PendingQuery {
   public:
    explicit Pending(FakeCredential& owner) : owner_(owner) {}
    ~Pending() override { ++owner_.withdrawn; }

   private:
    FakeCredential& owner_;
  };

  mutable Mutex mutex_;
  CredentialView view_ ABSL_GUARDED_BY(mutex_);
  mutable int views_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::weak_ptr<FakeWatch>> watches_ ABSL_GUARDED_BY(mutex_);
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
  void AdminRefresh(std::string_view principal, std::string_view credential,
                    std::string_view result) override {
    refreshed.push_back(std::string(principal) + " " + std::string(credential) + " " +
                        std::string(result));
  }
  std::vector<Issued> issued;
  std::vector<Denied> denied;
  std::vector<std::string> refreshed;
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
