#include "core/waiting_queries.h"

#include <thread>
#include <utility>

namespace credential_broker {

// All but `query` is guarded by the list's mutex.
struct WaitingQueries::Call {
  enum class Stage { kWaiting, kDelivering, kEnded };

  Call(const TokenQuery& the_query, TokenCallback callback)
      : query(the_query), done(std::move(callback)) {}

  const TokenQuery query;
  TokenCallback done;
  Stage stage = Stage::kWaiting;
  std::thread::id deliverer;                         // while kDelivering
  std::multimap<BootTime, CallPtr>::iterator place;  // while kWaiting
};

class WaitingQueries::Pending final : public PendingQuery {
 public:
  Pending(std::shared_ptr<WaitingQueries> list, CallPtr call)
      : list_(std::move(list)), call_(std::move(call)) {}
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  ~Pending() override { list_->Withdraw(*call_); }

 private:
  const std::shared_ptr<WaitingQueries> list_;
  const CallPtr call_;
};

std::unique_ptr<PendingQuery> WaitingQueries::Add(const TokenQuery& query, TokenCallback& done) {
  MutexLock lock(mutex_);
  if (closed_) {
    return nullptr;
  }
  auto call = std::make_shared<Call>(query, std::move(done));
  call->place = by_give_up_.emplace(call->query.give_up_at, call);
  new_.push_back(call);
  return std::make_unique<Pending>(shared_from_this(), std::move(call));
}

void WaitingQueries::JudgeAll(Judge judge) {
  std::vector<CallPtr> calls;
  {
    MutexLock lock(mutex_);
    new_.clear();
    calls.reserve(by_give_up_.size());
    for (const auto& [give_up_at, call] : by_give_up_) {
      calls.push_back(call);
    }
  }
  JudgeEach(calls, judge);
}

void WaitingQueries::JudgeNew(Judge judge) {
  std::vector<CallPtr> calls;
  {
    MutexLock lock(mutex_);
    calls.swap(new_);
  }
  JudgeEach(calls, judge);
}

void WaitingQueries::JudgeOverdue(BootTime now, Judge judge) {
  std::vector<CallPtr> calls;
  {
    MutexLock lock(mutex_);
    for (auto it = by_give_up_.begin(); it != by_give_up_.end() && it->first <= now; ++it) {
      calls.push_back(it->second);
    }
  }
  JudgeEach(calls, judge);
}

BootTime WaitingQueries::EarliestGiveUp() const {
  MutexLock lock(mutex_);
  return by_give_up_.empty() ? BootTime::InfiniteFuture() : by_give_up_.begin()->first;
}

void WaitingQueries::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
}

void WaitingQueries::JudgeEach(const std::vector<CallPtr>& calls, Judge judge) {
  for (const CallPtr& call : calls) {
    if (auto answer = judge(call->query)) {
      Deliver(*call, *std::move(answer));
    }
  }
}

void WaitingQueries::Deliver(Call& call, absl::StatusOr<TokenPtr> answer) {
  {
    TokenCallback done;
    {
      MutexLock lock(mutex_);
      if (call.stage != Call::Stage::kWaiting) {
        return;
      }
      call.stage = Call::Stage::kDelivering;
      call.deliverer = std::this_thread::get_id();
      by_give_up_.erase(call.place);
      done = std::move(call.done);
    }
    std::move(done)(std::move(answer));
  }
  MutexLock lock(mutex_);
  call.stage = Call::Stage::kEnded;
  delivered_.notify_all();
}

void WaitingQueries::Withdraw(Call& call) {
  TokenCallback unused;  // destroyed last, without the lock
  MutexLock lock(mutex_);
  if (call.stage == Call::Stage::kWaiting) {
    call.stage = Call::Stage::kEnded;
    by_give_up_.erase(call.place);
    unused = std::move(call.done);
    return;
  }
  // What the callback uses may go once we return, so it must have ended; unless it is what destroys
  // us.
  while (call.stage == Call::Stage::kDelivering && call.deliverer != std::this_thread::get_id()) {
    delivered_.wait(mutex_);
  }
}

}  // namespace credential_broker
