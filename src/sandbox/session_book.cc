#include "sandbox/session_book.h"

#include <cstddef>
#include <utility>

namespace credential_broker::sandbox {
namespace {

constexpr std::size_t kMostRemembered = 20000;

}  // namespace

SandboxGrant SessionBook::Login(const Faults& faults, std::string subject, Instant now) {
  if (faults.one_session) {
    RevokeAll();
  }
  if (sessions_.size() >= kMostRemembered) {
    sessions_.erase(sessions_.begin());
  }
  const SessionId id = ++last_id_;
  sessions_[id].subject = std::move(subject);
  return Issue(faults, id, TokenMint::Opaque(), now);
}

bool SessionBook::NoteSpent(const std::string& refresh_token) {
  const auto known = refresh_tokens_.find(refresh_token);
  RefreshToken& token = known == refresh_tokens_.end() ? Remember(refresh_token, 0) : known->second;
  return std::exchange(token.spent, true);
}

std::variant<SandboxGrant, RefreshRefusal> SessionBook::Refresh(const Faults& faults,
                                                                const std::string& refresh_token,
                                                                Instant now) {
  const auto known = refresh_tokens_.find(refresh_token);
  if (known == refresh_tokens_.end() || known->second.session == 0) {
    return RefreshRefusal::kUnknown;
  }
  RefreshToken& token = known->second;
  const SessionId id = token.session;
  const auto session = sessions_.find(id);
  if (session == sessions_.end()) {
    return RefreshRefusal::kSessionEnded;
  }
  if (token.rotated_out && faults.refresh_reuse != RefreshReuse::kAccept) {
    if (faults.refresh_reuse == RefreshReuse::kRevokeSession) {
      sessions_.erase(session);
    }
    return RefreshRefusal::kReused;
  }
  if (faults.refresh_within_lifetime && now.boot >= session->second.access_expires) {
    return RefreshRefusal::kTooLate;
  }
  if (faults.revoke_old_access_token) {
    access_tokens_.erase(session->second.access_token);
  }
  if (!faults.rotate_refresh_token) {
    return Issue(faults, id, refresh_token, now);
  }
  token.rotated_out = true;
  return Issue(faults, id, TokenMint::Opaque(), now);
}

void SessionBook::NoteDelivered(const std::string& refresh_token) {
  if (const auto token = refresh_tokens_.find(refresh_token); token != refresh_tokens_.end()) {
    token->second.spent = false;
  }
}

bool SessionBook::Accepts(const std::string& access_token, BootTime now) const {
  const auto token = access_tokens_.find(access_token);
  return token != access_tokens_.end() && now < token->second.expires &&
         sessions_.contains(token->second.session);
}

SandboxGrant SessionBook::Issue(const Faults& faults, SessionId id, std::string refresh_token,
                                Instant now) {
  Session& session = sessions_[id];
  SandboxGrant grant;
  grant.lifetime = faults.lifetime;
  grant.expires = now.wall + faults.lifetime;
  // Without a lifetime anywhere means without `exp` too.
  const TokenFormat format =
      faults.expiry == Expiry::kMissing && faults.token_format == TokenFormat::kJwt
          ? TokenFormat::kJwtWithoutExp
          : faults.token_format;
  grant.access_token = mint_.AccessToken(format, {session.subject, now.wall, grant.expires});
  grant.refresh_token = std::move(refresh_token);

  session.access_token = grant.access_token;
  session.access_expires = now.boot + faults.lifetime;
  if (access_order_.size() >= kMostRemembered) {
    access_tokens_.erase(access_order_.front());
    access_order_.pop_front();
  }
  access_order_.push_back(grant.access_token);
  access_tokens_[grant.access_token] = {id, session.access_expires};
  if (!refresh_tokens_.contains(grant.refresh_token)) {
    Remember(grant.refresh_token, id);
  }
  return grant;
}

SessionBook::RefreshToken& SessionBook::Remember(const std::string& refresh_token,
                                                 SessionId session) {
  if (refresh_order_.size() >= kMostRemembered) {
    refresh_tokens_.erase(refresh_order_.front());
    refresh_order_.pop_front();
  }
  refresh_order_.push_back(refresh_token);
  RefreshToken& token = refresh_tokens_[refresh_token];
  token.session = session;
  return token;
}

}  // namespace credential_broker::sandbox
