#ifndef CREDENTIAL_BROKER_H2_DEADLINES_H_
#define CREDENTIAL_BROKER_H2_DEADLINES_H_

#include <array>
#include <cstddef>
#include <limits>
#include <optional>

namespace credential_broker::h2 {

// What can come due on a connection.
enum class Due : std::size_t {
  kHandshake,    // TLS and the preface should be done
  kSettings,     // our SETTINGS should be acknowledged
  kIdle,         // there has been no stream for long
  kAge,          // the connection is old
  kCertificate,  // the client's certificate may have expired, or will soon
  kTrust,        // client CAs or CRLs have changed
  kQuiet,        // nothing has come from the peer for long: PING
  kPing,         // the peer should have answered it
  kFinalGoaway,  // the peer has had the time to see the first GOAWAY
  kGrace,        // streams should have ended after it
  kUnread,       // the peer should have taken some output
  kLinger,       // the peer should have closed
  kCount,
};

// The instants at which they do, in seconds on the monotonic clock. A value: no clock in it.
class Deadlines {
 public:
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  Deadlines() { at_.fill(kNever); }

  void Set(Due due, double at) { at_[Index(due)] = at; }
  void Clear(Due due) { at_[Index(due)] = kNever; }
  void ClearAll() { at_.fill(kNever); }
  bool IsSet(Due due) const { return at_[Index(due)] != kNever; }

  // kNever: none is set.
  double Earliest() const {
    double earliest = kNever;
    for (double at : at_) {
      earliest = at < earliest ? at : earliest;
    }
    return earliest;
  }

  // Clears one that is due at `now`, and names it.
  std::optional<Due> Take(double now) {
    for (std::size_t i = 0; i < at_.size(); ++i) {
      if (at_[i] <= now) {
        at_[i] = kNever;
        return static_cast<Due>(i);
      }
    }
    return std::nullopt;
  }

 private:
  static std::size_t Index(Due due) { return static_cast<std::size_t>(due); }

  std::array<double, static_cast<std::size_t>(Due::kCount)> at_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_DEADLINES_H_
