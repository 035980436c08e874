#ifndef CREDENTIAL_BROKER_SERVICE_TOKEN_ANSWERS_H_
#define CREDENTIAL_BROKER_SERVICE_TOKEN_ANSWERS_H_

#include <memory>
#include <vector>

#include "base/clock.h"
#include "core/token.h"
#include "service/token_frame.h"

namespace credential_broker::service {

// Answers of GetToken, serialized: the calls that ask for one token within a millisecond, which is
// as finely as an answer tells the remaining validity, get the same one. Not thread-safe: each
// event loop has its own, so that calls on different cores share nothing.
class TokenAnswers {
 public:
  // The answer to a call at `now`, which is this moment by `clock`.
  TokenFrame For(const TokenPtr& token, BootTime now, const Clock& clock);

 private:
  struct Answer {
    bool Serves(const TokenPtr& other) const {
      return !token.owner_before(other) && !other.owner_before(token);
    }
    bool FreshAt(BootTime now) const;

    std::weak_ptr<const Token> token;
    BootTime made_at;
    TokenFrame frame;
  };

  std::vector<Answer> answers_;
};

}  // namespace credential_broker::service

#endif  // CREDENTIAL_BROKER_SERVICE_TOKEN_ANSWERS_H_
