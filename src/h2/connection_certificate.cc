// How a connection ends for its client's certificate: it expires, or client CAs and CRLs change.

#include <algorithm>

#include "h2/connection.h"

namespace credential_broker::h2 {
namespace {

// Until a connection whose handshake is in progress is looked at again.
constexpr double kTrustRetrySeconds = 1.0;

}  // namespace

void Connection::PlanExpiry() {
  if (peer_.certificate_expires_at == absl::InfiniteFuture()) {
    return;
  }
  // Certificates of a whole deployment expire together: their connections need not end together.
  const absl::Duration life = peer_.certificate_expires_at - environment_.clock.WallNow();
  const double spread = 1.0 + environment_.random.Fraction();
  expiry_notice_ = std::min(spread * limits().max_connection_age_grace,
                            std::max(life / 2, absl::ZeroDuration()));
  // The loop takes the first look, when the session is there.
  deadlines_.Set(Due::kCertificate, 0);
}

void Connection::CheckExpiry() {
  const absl::Duration left = peer().certificate_expires_at - environment_.clock.WallNow();
  if (left <= absl::ZeroDuration()) {
    counters().grace_cuts.Add(session_->open_streams());
    if (!shutting_down_) {
      counters().certificate_expiries.Add();
    }
    Cut();
    return;
  }
  if (left <= expiry_notice_ && !shutting_down_) {
    counters().certificate_expiries.Add();
    BeginShutdown(left);
  }
  const absl::Duration next = shutting_down_ ? left : left - expiry_notice_;
  deadlines_.Set(Due::kCertificate,
                 absl::ToDoubleSeconds(std::min(next, limits().wall_clock_check)));
}

void Connection::CheckTrustSoon(absl::Duration spread) {
  const InUse in_use(*this);
  if (transport_.ssl() != nullptr && !deadlines_.IsSet(Due::kTrust) &&
      (state_ == State::kHandshake || state_ == State::kOpen)) {
    deadlines_.Set(Due::kTrust, absl::ToDoubleSeconds(spread) * environment_.random.Fraction());
  }
}

void Connection::CheckTrust() {
  if (state_ == State::kHandshake) {
    deadlines_.Set(Due::kTrust, kTrustRetrySeconds);
  } else if (const auto tls = environment_.tls.Get();
             !shutting_down_ && !tls->Covers(*transport_.ssl(), peer())) {
    counters().trust_changes.Add();
    BeginShutdown(limits().max_connection_age_grace);
  }
}

}  // namespace credential_broker::h2
