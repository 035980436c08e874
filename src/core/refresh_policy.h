#ifndef CREDENTIAL_BROKER_CORE_REFRESH_POLICY_H_
#define CREDENTIAL_BROKER_CORE_REFRESH_POLICY_H_

namespace credential_broker {

// How a credential is kept. The other fractions and limits are constants of the refresh machine.
struct RefreshPolicy {
  double refresh_at = 0.5;  // fraction of the lifetime, jittered by ±10%
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_REFRESH_POLICY_H_
