#include "rpc/health_service.h"

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "grpc/health/v1/health.pb.h"
#include "rpc/call.h"
#include "rpc/unary.h"

namespace credential_broker::rpc {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;

// A request is the name of a service, which a watch keeps.
constexpr MethodOptions kCheckOptions{.max_message = 1024, .counted = true};

class WatchHandler;

HealthCheckResponse ToResponse(const std::optional<ServingStatus>& status) {
  HealthCheckResponse response;
  if (!status) {
    response.set_status(HealthCheckResponse::SERVICE_UNKNOWN);
    return response;
  }
  switch (*status) {
    case ServingStatus::kUnknown:
      response.set_status(HealthCheckResponse::UNKNOWN);
      break;
    case ServingStatus::kServing:
      response.set_status(HealthCheckResponse::SERVING);
      break;
    case ServingStatus::kNotServing:
      response.set_status(HealthCheckResponse::NOT_SERVING);
      break;
  }
  return response;
}

}  // namespace

// The statuses, and who waits for changes of them. Thread-safe.
class HealthRegistry {
 public:
  struct State {
    std::optional<ServingStatus> status;
    bool shut_down = false;
  };

  State Get(std::string_view service) const {
    MutexLock lock(mutex_);
    auto it = statuses_.find(service);
    return {it == statuses_.end() ? std::nullopt : std::optional(it->second), shut_down_};
  }

  void Set(std::string_view service, ServingStatus status) {
    std::vector<Watcher> watchers;
    {
      MutexLock lock(mutex_);
      if (shut_down_) {
        return;
      }
      statuses_.insert_or_assign(std::string(service), status);
      for (const auto& [handler, watcher] : watchers_) {
        if (watcher.service == service) {
          watchers.push_back(watcher);
        }
      }
    }
    Wake(watchers);
  }

  void Shutdown() {
    std::vector<Watcher> watchers;
    {
      MutexLock lock(mutex_);
      shut_down_ = true;
      for (auto& [service, status] : statuses_) {
        status = ServingStatus::kNotServing;
      }
      for (const auto& [handler, watcher] : watchers_) {
        watchers.push_back(watcher);
      }
    }
    Wake(watchers);
  }

  void AddWatcher(Call& call, WatchHandler& handler, std::string service) {
    Watcher watcher{HandlerRef(call, handler), std::move(service)};
    MutexLock lock(mutex_);
    watchers_.emplace(&handler, std::move(watcher));
  }

  void RemoveWatcher(const WatchHandler& handler) {
    MutexLock lock(mutex_);
    watchers_.erase(&handler);
  }

 private:
  struct Watcher {
    HandlerRef<WatchHandler> handler;
    std::string service;
  };

  static void Wake(const std::vector<Watcher>& watchers);

  mutable Mutex mutex_;
  std::map<std::string, ServingStatus, std::less<>> statuses_ ABSL_GUARDED_BY(mutex_);
  // By the address of the handler, which is a key here and no more: a client may open and close
  // them by the thousand.
  std::unordered_map<const WatchHandler*, Watcher> watchers_ ABSL_GUARDED_BY(mutex_);
  bool shut_down_ ABSL_GUARDED_BY(mutex_) = false;
};

namespace {

class WatchHandler : public CallHandler {
 public:
  WatchHandler(Call& call, std::shared_ptr<HealthRegistry> registry)
      : call_(call), registry_(std::move(registry)) {}
  ~WatchHandler() override { registry_->RemoveWatcher(*this); }
  WatchHandler(const WatchHandler&) = delete;
  WatchHandler& operator=(const WatchHandler&) = delete;

  void OnMessage(std::string_view message) override {
    HealthCheckRequest request;
    if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      call_.Finish(
          MakeStatus(absl::StatusCode::kInternal, "the request is not a " + request.GetTypeName()));
      return;
    }
    service_ = request.service();
    registry_->AddWatcher(call_, *this, service_);
    SendLatest();
  }

  void OnHalfClose() override {}

  void OnDrained() override { SendLatest(); }

  // Sends the status where it is news and the client has taken the one before.
  void SendLatest() {
    if (call_.unsent_bytes() > 0) {
      return;
    }
    const HealthRegistry::State state = registry_->Get(service_);
    if (!sent_ || *sent_ != state.status) {
      sent_ = state.status;
      call_.SendFramed(SerializeFramed(ToResponse(state.status)));
    }
    if (state.shut_down) {
      call_.Finish(MakeStatus(absl::StatusCode::kUnavailable, "the server is shutting down"));
    }
  }

 private:
  Call& call_;
  std::shared_ptr<HealthRegistry> registry_;
  std::string service_;
  std::optional<std::optional<ServingStatus>> sent_;  // none: nothing yet
};

void Check(const HealthRegistry& registry, Call& call, const HealthCheckRequest& request) {
  const HealthRegistry::State state = registry.Get(request.service());
  if (!state.status) {
    call.Finish(
        MakeStatus(absl::StatusCode::kNotFound,
                   StrCat("no health is known of the service \"", request.service(), "\"")));
    return;
  }
  Reply(call, ToResponse(state.status));
}

}  // namespace

void HealthRegistry::Wake(const std::vector<Watcher>& watchers) {
  for (const Watcher& watcher : watchers) {
    watcher.handler.Post([](WatchHandler& handler) { handler.SendLatest(); });
  }
}

HealthService::HealthService() : registry_(std::make_shared<HealthRegistry>()) {}

void HealthService::AddTo(Router& router) const {
  const google::protobuf::ServiceDescriptor& service =
      *HealthCheckRequest::descriptor()->file()->FindServiceByName("Health");
  router.Add(
      service, "Check",
      Unary<HealthCheckRequest>(
          [registry = registry_](
              Call& call, const HealthCheckRequest& request) -> std::unique_ptr<PendingWork> {
            Check(*registry, call, request);
            return nullptr;
          }),
      kCheckOptions);
  router.Add(
      service, "Watch",
      [registry = registry_](Call& call) { return std::make_unique<WatchHandler>(call, registry); },
      kCheckOptions);
}

void HealthService::Set(std::string_view service, ServingStatus status) {
  registry_->Set(service, status);
}

void HealthService::Shutdown() { registry_->Shutdown(); }

}  // namespace credential_broker::rpc
