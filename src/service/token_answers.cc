#include "service/token_answers.h"

#include <algorithm>
#include <cstddef>

#include "service/access_token.h"

namespace credential_broker::service {
namespace {

constexpr absl::Duration kAnswerFreshFor = absl::Milliseconds(1);

// More tokens than this in a millisecond, and a search would cost what it is to save.
constexpr std::size_t kMostAnswers = 16;

}  // namespace

bool TokenAnswers::Answer::FreshAt(BootTime now) const {
  return made_at <= now && now - made_at < kAnswerFreshFor;
}

TokenFrame TokenAnswers::For(const TokenPtr& token, BootTime now, const Clock& clock) {
  for (const Answer& answer : answers_) {
    if (answer.Serves(token) && answer.FreshAt(now)) {
      return answer.frame;
    }
  }
  answers_.erase(std::remove_if(answers_.begin(), answers_.end(),
                                [now](const Answer& answer) { return !answer.FreshAt(now); }),
                 answers_.end());
  if (answers_.size() == kMostAnswers) {
    answers_.clear();
  }
  api::GetTokenResponse response;
  FillAccessToken(*token, now, clock, *response.mutable_token());
  return answers_.emplace_back(Answer{token, now, FrameAndWipe(response)}).frame;
}

}  // namespace credential_broker::service
