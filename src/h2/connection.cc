#include "h2/connection.h"

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
      socket_(environment.loop, transport_.fd(), [this](int events) { OnSocket(events); }),
      deadlines_(environment.loop, [this](Due due) { Expire(due); }),
      output_(transport_, environment.write_buffer),
      queued_(environment.output_budget, environment.output_loop),
      reader_(environment.session.limits),
      last_read_(environment.loop.now()) {}

void Connection::OnPending() {
  // While Flush writes, what streams add is written by the same call, and a stream that ends by it
  // leaves nothing to write.
  if (!flushing_ && state_ == State::kOpen && !UnflushedHook::linked()) {
    owner_.OnUnflushed(*this);
  }
}

void Connection::OnSocket(int events) {
  const InUse in_use(*this);
  transport_.BeginTurn();
  switch (state_) {
    case State::kHandshake:
      socket_.Stop();
      place_->RequestStep();
      break;
    case State::kOpen:
      if ((events & EV_WRITE) != 0) {
        OnPending();
      }
      if ((events & EV_READ) != 0) {
        if (std::exchange(write_needs_read_, false)) {
          OnPending();
        }
        if (!UnreadHook::linked()) {
          Read();
        }
      }
      break;
    case State::kLingering:
      LingerRead();
      break;
    case State::kOver:
      break;
  }
}

void Connection::Read() {
  auto& buffer = environment_.read_buffer;
  const Transport::Result result = transport_.Read(buffer.data(), buffer.size());
  if (result.io == Transport::Io::kOk) {
    last_read_ = now();
    session_->Receive({buffer.data(), result.size}, now());
    const bool more = transport_.HasBuffered() || result.size == buffer.size();
    if (more && !session_->finished()) {
      owner_.OnUnread(*this);
    }
  } else if (result.io != Transport::Io::kWantRead) {
    // Reading wants to write when the peer asks for new TLS keys and reads nothing: not worth
    // waiting for.
    if (transport_.flooded()) {
      counters().tls_floods.Add(peer().address);
    } else if (!transport_.received()) {
      counters().probes.Add();
    }
    Close();
    return;
  }
  AfterRead();
}

void Connection::ReadOn() {
  const InUse in_use(*this);
  if (state_ == State::kOpen) {
    transport_.BeginTurn();
    Read();
  }
}

void Connection::AfterRead() {
  // Before the connections that are read after it in this batch open theirs.
  principal_.SetStreams(session_->stream_weight());
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
  const InUse in_use(*this);
  if (state_ != State::kOpen) {
    return;
  }
  flushing_ = true;
  const Output::Written written = output_.Write(*session_);
  flushing_ = false;
  session_->FinishBatch();
  if (written == Output::Written::kBroken) {
    Close();
    return;
  }
  if (session_->finished()) {
    FinishSoon(written);
    return;
  }
  // A socket that can be written wakes us at once, and TLS still would not write: a peer that sends
  // half of a key update would have the loop for itself.
  write_needs_read_ = written == Output::Written::kNeedsRead;
  socket_.Watch(written == Output::Written::kBlocked ? EV_READ | EV_WRITE : EV_READ);
  if (written == Output::Written::kMore) {
    OnPending();
  }
  principal_.SetStreams(session_->stream_weight());
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
  if (written == Output::Written::kNeedsRead) {
    Close();
    return;
  }
  if (written == Output::Written::kMore) {
    OnPending();
  }
  if (!deadlines_.IsSet(Due::kLinger)) {
    deadlines_.ClearAll();
    deadlines_.Set(Due::kLinger, kLingerSeconds);
  }
  socket_.Watch(EV_WRITE);
}

void Connection::CheckUnread() {
  const std::size_t unread = unread_output();
  queued_.Set(unread == 0 ? 0 : session_->queued_memory() + output_.unwritten());
  if (unread == 0) {
    deadlines_.Clear(Due::kUnread);
    reader_.Forgive();
  } else if (reader_.IsFlooded(unread)) {
    counters().unread_output.Add(peer().address);
    Close();
  } else if (!deadlines_.IsSet(Due::kUnread)) {
    reader_.BeginTurn(taken_output(), unread);
    deadlines_.Set(Due::kUnread, absl::ToDoubleSeconds(limits().unread_output_timeout));
  }
}

void Connection::BeginShutdown(absl::Duration grace) {
  const InUse in_use(*this);
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
  const InUse in_use(*this);
  if (state_ == State::kOpen) {
    session_->FinishShutdown();
    output_.Write(*session_);
    Linger();
  } else if (state_ == State::kHandshake) {
    Close();
  }
}

void Connection::CloseIfChosen() {
  const InUse in_use(*this);
  if (state_ == State::kOver || !queued_.chosen()) {
    return;
  }
  // One that lingers has given its output up by itself.
  if (state_ != State::kLingering) {
    counters().output_budget.Add(peer().address);
  }
  Close();
}

void Connection::Expire(Due due) {
  const InUse in_use(*this);
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
    case Due::kCertificate:
      CheckExpiry();
      break;
    case Due::kTrust:
      CheckTrust();
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
  if (reader_.EndTurn(taken_output(), unread_output())) {
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
  queued_.Set(0);
  principal_.SetStreams(0);
  deadlines_.ClearAll();
  deadlines_.Set(Due::kLinger, kLingerSeconds);
  transport_.ShutdownWrite();
  socket_.Watch(EV_READ);
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
    socket_.Stop();
    deadlines_.ClearAll();
    place_.reset();
    owner_.OnOver(*this);
  }
}

}  // namespace credential_broker::h2
