#include "observe/denial_log.h"

#include <iterator>
#include <utility>

#include "base/peer_address.h"

namespace credential_broker::observe {
namespace {

void TellCount(Logger& log, const Denial& denial, std::uint64_t count) {
  log.Audit("caller_denied", {{"principal", denial.principal},
                              {"peer", denial.host},
                              {"credential", denial.credential},
                              {"reason", ReasonName(denial.reason)},
                              {"count", count}});
}

}  // namespace

void DenialLog::Add(const Denial& denial) {
  {
    const MutexLock lock(mutex_);
    ++counts_[denial.reason];
    if (!Count(denial)) {
      return;
    }
  }
  log_.Audit("caller_denied", {{"principal", denial.principal},
                               {"peer", denial.host},
                               {"credential", denial.credential},
                               {"reason", ReasonName(denial.reason)}});
}

bool DenialLog::Count(const Denial& denial) {
  Caller caller{std::string(denial.principal), CountedAddress(denial.host)};
  auto found = callers_.find(caller);
  if (found == callers_.end()) {
    if (callers_.size() >= kMostCallers) {
      ++of_others_[denial.reason];
      return false;
    }
    found = callers_.try_emplace(std::move(caller)).first;
  }
  OfCaller& of_caller = found->second;
  of_caller.last_host = denial.host;
  What what{std::string(denial.credential), denial.reason};
  const auto known = of_caller.untold.find(what);
  if (known != of_caller.untold.end()) {
    ++known->second;
    return false;
  }
  if (of_caller.untold.size() >= kMostOfOneCaller) {
    ++of_caller.others[denial.reason];
    return false;
  }
  of_caller.untold.emplace(std::move(what), 0);
  return true;
}

void DenialLog::Flush() {
  std::map<Caller, OfCaller> callers;
  std::map<Reason, std::uint64_t> of_others;
  {
    const MutexLock lock(mutex_);
    callers = callers_;
    of_others.swap(of_others_);
    for (auto it = callers_.begin(); it != callers_.end();) {
      OfCaller& of_caller = it->second;
      of_caller.others.clear();
      for (auto what = of_caller.untold.begin(); what != of_caller.untold.end();) {
        what = std::exchange(what->second, 0) == 0 ? of_caller.untold.erase(what) : std::next(what);
      }
      it = of_caller.untold.empty() ? callers_.erase(it) : std::next(it);
    }
  }
  for (const auto& [caller, of_caller] : callers) {
    for (const auto& [what, count] : of_caller.untold) {
      if (count > 0) {
        TellCount(log_, {caller.principal, of_caller.last_host, what.credential, what.reason},
                  count);
      }
    }
    for (const auto& [reason, count] : of_caller.others) {
      TellCount(log_, {caller.principal, of_caller.last_host, "", reason}, count);
    }
  }
  for (const auto& [reason, count] : of_others) {
    TellCount(log_, {"", "", "", reason}, count);
  }
}

std::map<Reason, std::uint64_t> DenialLog::counts() const {
  const MutexLock lock(mutex_);
  return counts_;
}

}  // namespace credential_broker::observe
