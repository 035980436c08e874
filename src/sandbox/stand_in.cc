#include "sandbox/stand_in.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/strings.h"
#include "sandbox/error_reply.h"

namespace credential_broker::sandbox {
namespace {

// How often a wait looks whether its caller is still there.
constexpr auto kLookForCaller = std::chrono::milliseconds(20);
constexpr absl::Duration kLongestWait = absl::Hours(1);

struct Route {
  Operation operation;
  std::string_view name;
  std::string_view method;
  std::string_view path;
  Counter requests;
};

constexpr std::array<Route, 3> kRoutes = {{
    {Operation::kLogin, "login", "POST", "/auth/login/", Counter::kLoginRequests},
    {Operation::kRefresh, "refresh", "POST", "/auth/refresh-token/", Counter::kRefreshRequests},
    {Operation::kUsers, "users", "GET", "/users/", Counter::kUsersRequests},
}};

const Route& RouteOf(Operation operation) { return kRoutes[static_cast<std::size_t>(operation)]; }

const Route* FindRoute(std::string_view path) {
  const auto* const found = std::find_if(kRoutes.begin(), kRoutes.end(),
                                         [path](const Route& each) { return each.path == path; });
  return found == kRoutes.end() ? nullptr : found;
}

}  // namespace

StandIn::StandIn(const Clock& clock, SandboxKeys keys, Faults faults)
    : clock_(clock), started_(clock.Now()), initial_(faults), desk_(std::move(keys), faults) {
  const MutexLock lock(mutex_);
  OnFaultsSet({"refuse_for"});
}

Reply StandIn::Handle(const Request& request, const Caller& caller) {
  const Route* const route = FindRoute(request.path);
  const MutexLock lock(mutex_);
  if (Refusing()) {
    Note(Counter::kRefusedConnections);
    Reply reply;
    reply.delivery = Delivery::kLost;
    return reply;
  }
  if (route == nullptr) {
    Note(request.path == kRedirectPath ? Counter::kRedirected : Counter::kNotFound);
    return ErrorReply(404, "no such path; InvestSuite's end in a slash", Now().wall);
  }
  if (request.method != route->method) {
    Note(Counter::kMalformed);
    Reply reply = ErrorReply(405, StrCat("only ", route->method), Now().wall);
    reply.headers.emplace_back("Allow", route->method);
    return reply;
  }
  return HandleKnown(route->operation, request, caller);
}

Reply StandIn::HandleKnown(Operation operation, const Request& request, const Caller& caller) {
  const Route& route = RouteOf(operation);
  const std::int64_t auth = operation == Operation::kUsers ? 0 : 1;
  const auto entry = stats_.Begin(route.name, clock_.Now() - started_);
  Note(Counter::kInFlight);
  Note(Counter::kAuthInFlight, auth);
  Note(route.requests);
  Outcome outcome = AnswerInTime(operation, request, caller);
  stats_.End(entry, outcome.name,
             outcome.reply.delivery == Delivery::kLost ? 0 : outcome.reply.status,
             clock_.Now() - started_);
  Note(Counter::kAuthInFlight, -auth);
  Note(Counter::kInFlight, -1);
  return std::move(outcome.reply);
}

Outcome StandIn::AnswerInTime(Operation operation, const Request& request, const Caller& caller) {
  if (desk_.NoteArrival(operation, request)) {
    Note(Counter::kRefreshReuses);
  }
  if (desk_.FaultsOf(operation).hang.Take()) {
    const int& releases = releases_[static_cast<std::size_t>(operation)];
    const int before = releases;
    Note(Counter::kHanging);
    const bool released =
        Await(absl::InfiniteDuration(), caller, [&] { return releases != before; });
    Note(Counter::kHanging, -1);
    if (!released) {
      Note(Counter::kHungUp);
      Outcome outcome{"hung_up", {}, {}, ""};
      outcome.reply.delivery = Delivery::kLost;
      return outcome;
    }
  }
  Outcome outcome = desk_.Answer(operation, request, Now());
  for (const Counter counter : outcome.counted) {
    Note(counter);
  }
  const absl::Duration own_delay = desk_.FaultsOf(operation).delay;
  const absl::Duration delay = own_delay == absl::ZeroDuration() ? desk_.faults().delay : own_delay;
  if (delay > absl::ZeroDuration()) {
    Await(delay, caller, [] { return false; });
  }
  if (!outcome.refresh_token.empty() && !caller.Gone()) {
    desk_.NoteDelivered(outcome.refresh_token);
  }
  return outcome;
}

void StandIn::Stamp(Reply& reply) {
  const MutexLock lock(mutex_);
  switch (desk_.faults().date_header) {
    case DateHeader::kNormal:
      reply.headers.emplace_back("Date", HttpDate(Now().wall));
      break;
    case DateHeader::kGarbage:
      reply.headers.emplace_back("Date", "some day");
      break;
    case DateHeader::kMissing:
      break;
  }
  reply.close = reply.close || !desk_.faults().keep_alive;
}

bool StandIn::AdmitConnection() {
  const MutexLock lock(mutex_);
  if (clock_.Now() < refuse_until_ || desk_.faults().refuse_connections.Take()) {
    Note(Counter::kRefusedConnections);
    return false;
  }
  Note(Counter::kConnections);
  return true;
}

bool StandIn::Refuses() {
  const MutexLock lock(mutex_);
  return Refusing();
}

void StandIn::Add(Counter counter, std::int64_t amount) {
  const MutexLock lock(mutex_);
  Note(counter, amount);
}

std::int64_t StandIn::Get(Counter counter) {
  const MutexLock lock(mutex_);
  return stats_.Get(counter);
}

std::string StandIn::StatsJson() {
  const MutexLock lock(mutex_);
  return stats_.ToJson();
}

bool StandIn::WaitFor(const Goals& goals, absl::Duration timeout, const Caller& caller) {
  const MutexLock lock(mutex_);
  return Await(timeout, caller, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::all_of(goals.begin(), goals.end(),
                       [&](const auto& goal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
                         return stats_.Get(goal.first) >= goal.second;
                       });
  });
}

Faults StandIn::CurrentFaults() {
  const MutexLock lock(mutex_);
  return desk_.faults();
}

absl::Status StandIn::Set(std::string_view name, std::string_view value) {
  const MutexLock lock(mutex_);
  absl::Status status = SetFault(desk_.faults(), name, value);
  if (status.ok()) {
    OnFaultsSet({CanonicalFaultName(name)});
  }
  return status;
}

absl::Status StandIn::Update(std::string_view json) {
  const MutexLock lock(mutex_);
  const auto names = UpdateFaults(desk_.faults(), json);
  if (names.ok()) {
    OnFaultsSet(*names);
  }
  return names.status();
}

void StandIn::ResetFaults() {
  const MutexLock lock(mutex_);
  desk_.faults() = initial_;
  OnFaultsSet({"refuse_for", "hang_login", "hang_refresh", "hang_users"});
}

// What a switch does at the moment it is set, beside what it does to requests that come later.
void StandIn::OnFaultsSet(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    if (name == "refuse_for") {
      refuse_until_ = clock_.Now() + desk_.faults().refuse_for;
    }
    for (const Route& route : kRoutes) {
      if (name == StrCat("hang_", route.name) && desk_.FaultsOf(route.operation).hang.left == 0) {
        ++releases_[static_cast<std::size_t>(route.operation)];
      }
    }
  }
  changed_.notify_all();
}

SandboxKeys StandIn::Keys() {
  const MutexLock lock(mutex_);
  return desk_.keys();
}

void StandIn::ReplaceKeys(SandboxKeys keys) {
  const MutexLock lock(mutex_);
  desk_.keys() = std::move(keys);
}

void StandIn::RevokeSessions() {
  const MutexLock lock(mutex_);
  desk_.RevokeSessions();
}

void StandIn::Stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

Instant StandIn::Now() const {
  return {clock_.Now(), clock_.WallNow() + desk_.faults().clock_skew};
}

bool StandIn::Refusing() const {
  return clock_.Now() < refuse_until_ || desk_.faults().refuse_connections.left != 0;
}

void StandIn::Note(Counter counter, std::int64_t amount) {
  stats_.Add(counter, amount);
  changed_.notify_all();
}

template <typename Done>
bool StandIn::Await(absl::Duration timeout, const Caller& caller, const Done& done) {
  const auto until =
      std::chrono::steady_clock::now() +
      absl::ToChronoMilliseconds(std::clamp(timeout, absl::ZeroDuration(), kLongestWait));
  while (!done()) {
    const auto now = std::chrono::steady_clock::now();
    if (stopped_ || now >= until || caller.Gone()) {
      return false;
    }
    changed_.wait_until(mutex_, std::min(until, now + kLookForCaller));
  }
  return true;
}

}  // namespace credential_broker::sandbox
