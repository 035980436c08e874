#include "sandbox/server.h"

#include <unistd.h>

#include <array>
#include <thread>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/strings.h"
#include "sandbox/certificate.h"
#include "sandbox/connections.h"
#include "sandbox/control.h"
#include "sandbox/error_reply.h"
#include "sandbox/http1.h"
#include "sandbox/listener.h"
#include "sandbox/stand_in.h"
#include "sandbox/tls_connection.h"

namespace credential_broker::sandbox {
namespace {

// Who waits in this process does not leave.
class InProcess : public Caller {
 public:
  bool Gone() const override { return false; }
};

bool IsWildcard(std::string_view host) { return host == "0.0.0.0" || host == "::"; }

std::vector<std::string> CertificateNames(const SandboxOptions& options, const std::string& host) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  if (!IsWildcard(host)) {
    names.push_back(host);
  }
  std::array<char, 256> machine{};
  if (gethostname(machine.data(), machine.size() - 1) == 0 && machine[0] != '\0') {
    names.emplace_back(machine.data());
  }
  names.insert(names.end(), options.extra_names.begin(), options.extra_names.end());
  return names;
}

std::string BaseUrl(const Listener& listener) {
  std::string_view host = listener.host();
  if (IsWildcard(host)) {
    host = host == "::" ? "::1" : "127.0.0.1";
  }
  return StrCat("https://", HostPort(host, listener.port()));
}

// Sends `reply`. False: the connection ends.
bool Deliver(const Reply& reply, TlsConnection& connection) {
  if (reply.delivery == Delivery::kLost) {
    return false;
  }
  std::string bytes = Serialize(reply);
  if (reply.delivery == Delivery::kCut) {
    bytes.resize(bytes.size() - (reply.body.size() + 1) / 2);
  }
  const bool sent = reply.drip > absl::ZeroDuration() ? connection.Drip(bytes, reply.drip)
                                                      : connection.Write(bytes);
  if (!sent || reply.delivery == Delivery::kCut) {
    return false;
  }
  if (reply.close) {
    connection.CloseNotify();
  }
  return !reply.close;
}

}  // namespace

class SandboxServer::Impl {
 public:
  Impl(std::unique_ptr<Listener> listener, Certificate certificate, const SandboxOptions& options,
       const Clock& clock)
      : listener_(std::move(listener)),
        certificate_(std::move(certificate)),
        base_url_(BaseUrl(*listener_)),
        address_(HostPort(listener_->host(), listener_->port())),
        stand_in_(clock, options.keys, options.faults),
        control_(stand_in_),
        connections_(certificate_.context.get(), [this](TlsConnection& each) { Serve(each); }),
        acceptor_([this] { AcceptAll(); }) {}

  void Stop() {
    if (!acceptor_.joinable()) {
      return;
    }
    stand_in_.Stop();
    listener_->Wake();
    acceptor_.join();
    connections_.Stop();
    listener_.reset();
  }

  const std::string& base_url() const { return base_url_; }
  const std::string& address() const { return address_; }
  const std::string& ca_pem() const { return certificate_.ca_pem; }
  StandIn& stand_in() { return stand_in_; }

  // Faults may have been set: who refuses connections lets go of those that are open, too.
  void OnDirected() {
    if (stand_in_.Refuses()) {
      connections_.CutIdle();
    }
  }

 private:
  void AcceptAll() {
    for (UniqueFd socket = listener_->Accept(); socket.valid(); socket = listener_->Accept()) {
      if (!stand_in_.AdmitConnection()) {
        Reset(std::move(socket));
        continue;
      }
      connections_.Add(std::move(socket));
    }
  }

  void Serve(TlsConnection& connection) {
    if (!connection.Handshake()) {
      stand_in_.Add(Counter::kHandshakeFailures);
      return;
    }
    stand_in_.Add(Counter::kOpenConnections);
    RequestReader reader(connection);
    while (ServeOne(reader, connection)) {
    }
    stand_in_.Add(Counter::kOpenConnections, -1);
  }

  bool ServeOne(RequestReader& reader, TlsConnection& connection) {
    const auto next = reader.Next();
    connection.set_idle(false);
    if (std::holds_alternative<EndOfStream>(next)) {
      return false;
    }
    if (const auto* bad = std::get_if<BadRequest>(&next)) {
      Reply reply = ControlError(bad->status, "this request cannot be taken");
      reply.close = true;
      stand_in_.Stamp(reply);
      connection.Write(Serialize(reply));
      connection.CloseAfterDraining();
      return false;
    }
    const auto& request = std::get<Request>(next);
    // Whoever directs the sandbox keeps its connection.
    const bool directs = Control::Owns(request.path);
    Reply reply =
        directs ? control_.Handle(request, connection) : stand_in_.Handle(request, connection);
    if (directs) {
      OnDirected();
    }
    reply.close = !request.keep_alive;
    stand_in_.Stamp(reply);
    if (!Deliver(reply, connection)) {
      return false;
    }
    if (directs) {
      return true;
    }
    connection.set_idle(true);
    // OnDirected may have come between the answer and the mark, and have missed this connection.
    return !stand_in_.Refuses();
  }

  std::unique_ptr<Listener> listener_;
  Certificate certificate_;
  std::string base_url_;
  std::string address_;
  StandIn stand_in_;
  Control control_;
  Connections connections_;
  std::thread acceptor_;  // the last, as it uses the others
};

absl::StatusOr<std::unique_ptr<SandboxServer>> SandboxServer::Start(const SandboxOptions& options,
                                                                    const Clock& clock) {
  auto listener = Listener::Bind(options.address);
  if (!listener.ok()) {
    return listener.status();
  }
  auto certificate = MakeCertificate(CertificateNames(options, (*listener)->host()));
  if (!certificate.ok()) {
    return certificate.status();
  }
  return std::unique_ptr<SandboxServer>(new SandboxServer(
      std::make_unique<Impl>(*std::move(listener), *std::move(certificate), options, clock)));
}

SandboxServer::SandboxServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SandboxServer::~SandboxServer() { Stop(); }

const std::string& SandboxServer::base_url() const { return impl_->base_url(); }
const std::string& SandboxServer::address() const { return impl_->address(); }
const std::string& SandboxServer::ca_pem() const { return impl_->ca_pem(); }

absl::Status SandboxServer::Set(std::string_view fault, std::string_view value) {
  absl::Status status = impl_->stand_in().Set(fault, value);
  impl_->OnDirected();
  return status;
}

void SandboxServer::ResetFaults() { impl_->stand_in().ResetFaults(); }

void SandboxServer::ReplaceKeys(SandboxKeys keys) {
  impl_->stand_in().ReplaceKeys(std::move(keys));
}

void SandboxServer::RevokeSessions() { impl_->stand_in().RevokeSessions(); }

std::int64_t SandboxServer::Get(Counter counter) { return impl_->stand_in().Get(counter); }

bool SandboxServer::WaitFor(Counter counter, std::int64_t value, absl::Duration timeout) {
  return impl_->stand_in().WaitFor({{counter, value}}, timeout, InProcess());
}

void SandboxServer::Stop() { impl_->Stop(); }

}  // namespace credential_broker::sandbox
