#include "h2/connection.h"

#include <string_view>
#include <utility>

namespace credential_broker::h2 {
namespace {

constexpr double kLingerSeconds = 1.0;
// Left for a TLS handshake that is under way when the connection is told to end.
constexpr double kLastHandshakeSeconds = 1.0;

}  // namespace

Connection::Connection(LoopEnvironment& environment, ConnectionOwner& owner, Accepted accepted)
    : environment_(environment),
      owner_(owner),
      permit_(std::move(accepted.permit)),
      transport_(std::move(accepted.socket), std::move(accepted.ssl)),
      peer_(std::move(accepted.peer)),
      deadlines_(environment.loop, [this](Due due) { Expire(due); }),
      output_(transport_, environment.write_buffer),
      reader_(environment.session.limits),
      last_read_(environment.loop.now()) {
  ev_io_init(&socket_, &Connection::OnSocket, transport_.fd(), EV_READ);
  socket_.data = this;
}

void Connection::Start() {
  ev_io_start(environment_.loop.raw(), &socket_);
  deadlines_.Set(Due::kHandshake, absl::ToDoubleSeconds(limits().handshake_timeout));
  Handshake();
}

Connection::~Connection() { ev_io_stop(environment_.loop.raw(), &socket_); }

void Connection::OnPending() {
  if (!dirty && state_ == State::kOpen) {
    dirty = true;
    owner_.OnDirty(*this);
  }
}

void Connection::OnSocket(struct ev_loop*, ev_io* watcher, int events) {
  auto& self = *static_cast<Connection*>(watcher->data);
  self.transport_.BeginTurn();
  switch (self.state_) {
    case State::kHandshake:
      self.Handshake();
      break;
    case State::kOpen:
      if ((events & EV_WRITE) != 0) {
        self.OnPending();
      }
      if ((events & EV_READ) != 0) {
        self.Read();
      }
      break;
    case State::kLingering:
      self.LingerRead();
      break;
    case State::kOver:
      break;
  }
}

void Connection::Watch(int events) {
  if ((socket_.events & (EV_READ | EV_WRITE)) != events) {
    ev_io_stop(environment_.loop.raw(), &socket_);
    ev_io_set(&socket_, transport_.fd(), events);
    ev_io_start(environment_.loop.raw(), &socket_);
  }
}

void Connection::Handshake() {
  switch (transport_.Handshake()) {
    case Transport::Io::kOk:
      Watch(EV_READ);
      Open();
      break;
    case Transport::Io::kWantRead:
      Watch(EV_READ);
      break;
    case Transport::Io::kWantWrite:
      Watch(EV_WRITE);
      break;
    case Transport::Io::kClosed:
      counters().tls_failures.Add(peer().address);
      Linger();
      break;
  }
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
  }
  state_ = State::kOpen;
  std::uniform_real_distribution<double> jitter(0.9, 1.1);
  deadlines_.Set(Due::kAge,
                 absl::ToDoubleSeconds(limits().max_connection_age) * jitter(environment_.random));
  deadlines_.Set(Due::kQuiet, absl::ToDoubleSeconds(limits().keepalive_interval));
  session_.emplace(environment_.session, std::move(peer_), *this);
  if (shutdown_by_.has_value()) {
    BeginShutdown(absl::Seconds(*shutdown_by_ - now()));
  }
  if (transport_.HasBuffered()) {
    Read();
  }
}

void Connection::Read() {
  auto& buffer = environment_.read_buffer;
  while (state_ == State::kOpen) {
    Transport::Result result = transport_.Read(buffer.data(), buffer.size());
    if (result.io == Transport::Io::kWantRead) {
      break;
    }
    if (result.io != Transport::Io::kOk) {
      // Reading wants to write when the peer asks for new TLS keys and reads nothing: not worth
      // waiting for.
      if (transport_.flooded()) {
        counters().tls_floods.Add(peer().address);
      }
      Close();
      return;
    }
    last_read_ = now();
    session_->Receive({buffer.data(), result.size}, now());
    if (session_->finished()) {
      break;
    }
    // A socket that may have more wakes us again; what TLS holds would not.
    if (!transport_.HasBuffered() && result.size < buffer.size()) {
      break;
    }
  }
  AfterRead();
}

void Connection::AfterRead() {
  deadlines_.Clear(Due::kPing);
  switch (session_->state()) {
    case Http2Session::State::kPreface:
      break;
    case Http2Session::State::kSettings:
      if (deadlines_.IsSet(Due::kHandshake)) {
        deadlines_.Clear(Due::kHandshake);
        deadlines_.Set(Due::kSettings, absl::ToDoubleSeconds(limits().settings_timeout));
      }
      break;
    case Http2Session::State::kOpen:
      deadlines_.Clear(Due::kHandshake);
      deadlines_.Clear(Due::kSettings);
      break;
  }
  if (session_->shutdown_seen() && deadlines_.IsSet(Due::kFinalGoaway)) {
    deadlines_.Clear(Due::kFinalGoaway);
    session_->FinishShutdown();
  }
}

void Connection::Flush() {
  dirty = false;
  if (state_ != State::kOpen) {
    return;
  }
  const Output::Written written = output_.Write(*session_);
  session_->FinishBatch();
  if (written == Output::Written::kBroken) {
    Close();
    return;
  }
  if (session_->finished()) {
    FinishSoon(written);
    return;
  }
  Watch(written == Output::Written::kBlocked ? EV_READ | EV_WRITE : EV_READ);
  if (written == Output::Written::kMore) {
    OnPending();
  }
  if (session_->open_streams() > 0) {
    deadlines_.Clear(Due::kIdle);
  } else if (!shutting_down_ && !deadlines_.IsSet(Due::kIdle)) {
    deadlines_.Set(Due::kIdle, absl::ToDoubleSeconds(limits().idle_timeout));
  }
  CheckUnread();
}

void Connection::FinishSoon(Output::Written written) {
  if (written == Output::Written::kAll) {
    Linger();
    return;
  }
  if (written == Output::Written::kMore) {
    OnPending();
  }
  if (!deadlines_.IsSet(Due::kLinger)) {
    deadlines_.ClearAll();
    deadlines_.Set(Due::kLinger, kLingerSeconds);
  }
  Watch(EV_WRITE);
}

void Connection::CheckUnread() {
  const std::size_t unread = unread_output();
  if (unread == 0) {
    deadlines_.Clear(Due::kUnread);
    reader_.Forgive();
  } else if (reader_.IsFlooded(unread)) {
    counters().unread_output.Add(peer().address);
    Close();
  } else if (!deadlines_.IsSet(Due::kUnread)) {
    reader_.BeginTurn(session_->data_taken());
    deadlines_.Set(Due::kUnread, absl::ToDoubleSeconds(limits().unread_output_timeout));
  }
}

void Connection::BeginShutdown(absl::Duration grace) {
  if (state_ == State::kHandshake) {
    // To close now, with what the peer has sent unread, would reset it. It is told when it can
    // read.
    shutdown_by_ = now() + absl::ToDoubleSeconds(grace);
    deadlines_.Set(Due::kHandshake, kLastHandshakeSeconds);
  }
  if (state_ != State::kOpen) {
    return;
  }
  deadlines_.Set(Due::kGrace, absl::ToDoubleSeconds(grace));
  if (!std::exchange(shutting_down_, true)) {
    deadlines_.Clear(Due::kIdle);
    deadlines_.Clear(Due::kAge);
    session_->BeginShutdown();
    deadlines_.Set(Due::kFinalGoaway, absl::ToDoubleSeconds(limits().shutdown_notice));
  }
}

void Connection::Cut() {
  if (state_ == State::kOpen) {
    session_->FinishShutdown();
    output_.Write(*session_);
    Linger();
  } else if (state_ == State::kHandshake) {
    Close();
  }
}

void Connection::Expire(Due due) {
  switch (due) {
    case Due::kHandshake:
      counters().handshake_timeouts.Add(peer().address);
      Close();
      break;
    case Due::kSettings:
      counters().settings_timeouts.Add(peer().address);
      session_->Fail(NGHTTP2_SETTINGS_TIMEOUT, "SETTINGS not acknowledged");
      break;
    case Due::kIdle:
      counters().idle_timeouts.Add();
      BeginShutdown(limits().max_connection_age_grace);
      break;
    case Due::kAge:
      counters().age_limits.Add();
      BeginShutdown(limits().max_connection_age_grace);
      break;
    case Due::kQuiet:
      ExpireQuiet();
      break;
    case Due::kPing:
      counters().dead_peers.Add();
      Close();
      break;
    case Due::kFinalGoaway:
      session_->FinishShutdown();
      break;
    case Due::kGrace:
      counters().grace_cuts.Add(session_->open_streams());
      Cut();
      break;
    case Due::kUnread:
      ExpireUnread();
      break;
    case Due::kLinger:
      Close();
      break;
    case Due::kCount:
      break;
  }
}

void Connection::ExpireUnread() {
  if (reader_.EndTurn(session_->data_taken(), unread_output())) {
    counters().unread_output.Add(peer().address);
    Close();
  } else {
    CheckUnread();
  }
}

void Connection::ExpireQuiet() {
  double interval = absl::ToDoubleSeconds(limits().keepalive_interval);
  if (now() - last_read_ < interval) {
    deadlines_.SetAt(Due::kQuiet, last_read_ + interval);
    return;
  }
  if (!deadlines_.IsSet(Due::kPing)) {
    session_->SendPing();
    deadlines_.Set(Due::kPing, absl::ToDoubleSeconds(limits().keepalive_timeout));
  }
  deadlines_.Set(Due::kQuiet, interval);
}

void Connection::Linger() {
  state_ = State::kLingering;
  session_.reset();
  output_.Drop();
  deadlines_.ClearAll();
  deadlines_.Set(Due::kLinger, kLingerSeconds);
  transport_.ShutdownWrite();
  Watch(EV_READ);
}

void Connection::LingerRead() {
  auto& buffer = environment_.read_buffer;
  if (!transport_.Discard(buffer.data(), buffer.size())) {
    Close();
  }
}

void Connection::Close() {
  if (state_ != State::kOver) {
    state_ = State::kOver;
    ev_io_stop(environment_.loop.raw(), &socket_);
    deadlines_.ClearAll();
    owner_.OnOver(*this);
  }
}

}  // namespace credential_broker::h2
