// How a connection begins: TLS handshake, places among those that have authenticated, HTTP/2.

#include <string_view>
#include <utility>

#include "h2/connection.h"

namespace credential_broker::h2 {

void Connection::Start() {
  const InUse in_use(*this);
  place_.emplace(environment_.handshakes, peer_.counted_as, *this);
  socket_.Watch(EV_READ);
  deadlines_.Set(Due::kHandshake, absl::ToDoubleSeconds(limits().handshake_timeout));
  if (transport_.ssl() == nullptr) {
    Open();
  }
}

void Connection::StepHandshake() {
  const InUse in_use(*this);
  if (state_ == State::kHandshake) {
    transport_.BeginTurn();
    Handshake();
  }
}

void Connection::Evict() {
  const InUse in_use(*this);
  if (state_ != State::kLingering) {
    counters().evicted_handshakes.Add(peer().address);
  }
  Close();
}

void Connection::Handshake() {
  switch (transport_.Handshake()) {
    case Transport::Io::kOk:
      socket_.Watch(EV_READ);
      Open();
      break;
    case Transport::Io::kWantRead:
      socket_.Watch(EV_READ);
      break;
    case Transport::Io::kWantWrite:
      socket_.Watch(EV_WRITE);
      break;
    case Transport::Io::kClosed:
      if (!transport_.received()) {
        counters().probes.Add();
        Close();
        break;
      }
      (transport_.oversized() ? counters().oversized_handshakes : counters().tls_failures)
          .Add(peer().address);
      Linger();
      break;
  }
}

bool Connection::Confirm() {
  if (!permit_.Confirm()) {
    return false;
  }
  place_.reset();
  return true;
}

void Connection::Open() {
  if (const SSL* ssl = transport_.ssl(); ssl != nullptr) {
    // A client that offers no protocol at all is not seen by the ALPN callback.
    const unsigned char* protocol = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    if (std::string_view(reinterpret_cast<const char*>(protocol), size) != "h2") {
      counters().alpn_refusals.Add(peer().address);
      Linger();
      return;
    }
    ReadPeerCertificate(*ssl, peer_);
    if (peer_.has_certificate && !Confirm()) {
      Linger();
      return;
    }
  }
  state_ = State::kOpen;
  BeginLife();
  session_.emplace(environment_.session, std::move(peer_), *this);
  if (!place_.has_value()) {
    AdmitPrincipal();
  }
  if (shutdown_by_.has_value()) {
    BeginShutdown(absl::Seconds(*shutdown_by_ - now()));
  }
  if (transport_.HasBuffered()) {
    Read();
  }
}

void Connection::OnPreface() {
  if (!place_.has_value()) {
    return;
  }
  if (Confirm()) {
    AdmitPrincipal();
  } else {
    session_->Fail(NGHTTP2_ENHANCE_YOUR_CALM, "too many connections");
  }
}

void Connection::AdmitPrincipal() {
  if (!environment_.principals.Admit(session_->peer(), principal_)) {
    session_->Fail(NGHTTP2_ENHANCE_YOUR_CALM, "too many connections of this principal");
  }
}

void Connection::BeginLife() {
  const double jitter = 0.9 + 0.2 * environment_.random.Fraction();
  deadlines_.Set(Due::kAge, absl::ToDoubleSeconds(limits().max_connection_age) * jitter);
  deadlines_.Set(Due::kQuiet, absl::ToDoubleSeconds(limits().keepalive_interval));
  PlanExpiry();
}

}  // namespace credential_broker::h2
