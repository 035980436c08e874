#ifndef CREDENTIAL_BROKER_OBSERVE_DENIAL_LOG_H_
#define CREDENTIAL_BROKER_OBSERVE_DENIAL_LOG_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "core/reason.h"
#include "observe/log.h"

namespace credential_broker::observe {

// Who was refused what.
struct Denial {
  std::string_view principal;  // empty: unknown
  std::string_view host;       // as HostOf returns it
  std::string_view credential;
  Reason reason;
};

// Writes refusals into the log so that each caller's are there, and a flood of them is not.
//
// The first refusal of a principal at an address for a credential and a reason is written at once;
// those like it are counted, and told by Flush in one line with `count`. A caller that asks for
// ever other names has kMostOfOneCaller of them told, the rest in one line without a name; beyond
// kMostCallers at once the rest is one line without a principal. So no caller can crowd another's
// refusals out, or fill the memory. The addresses of one IPv6 /64 network are one address here
// (CountedAddress); a line shows the last of them.
//
// Thread-safe.
class DenialLog {
 public:
  static constexpr std::size_t kMostCallers = 1024;
  static constexpr std::size_t kMostOfOneCaller = 16;

  // `log` outlives this object.
  explicit DenialLog(Logger& log) : log_(log) {}

  void Add(const Denial& denial);

  // Tells what was counted since the last time, and forgets those of whom there was nothing to
  // tell. To be called every few seconds.
  void Flush();

  // Refusals so far.
  std::map<Reason, std::uint64_t> counts() const;

 private:
  struct Caller {
    std::string principal;
    std::string counted_as;  // CountedAddress of the host
    auto operator<=>(const Caller&) const = default;
  };
  struct What {
    std::string credential;
    Reason reason;
    auto operator<=>(const What&) const = default;
  };
  // Refusals that no line has told yet.
  struct OfCaller {
    std::string last_host;
    std::map<What, std::uint64_t> untold;
    std::map<Reason, std::uint64_t> others;  // beyond kMostOfOneCaller
  };

  // True: to be told at once.
  bool Count(const Denial& denial) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Logger& log_;
  mutable Mutex mutex_;
  std::map<Reason, std::uint64_t> counts_ ABSL_GUARDED_BY(mutex_);
  std::map<Caller, OfCaller> callers_ ABSL_GUARDED_BY(mutex_);
  std::map<Reason, std::uint64_t> of_others_ ABSL_GUARDED_BY(mutex_);  // beyond kMostCallers
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_DENIAL_LOG_H_
