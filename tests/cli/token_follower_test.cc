#include "cli/token_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "cli/exit_code.h"
#include "support/fixed_random.h"

namespace credential_broker::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TokenUpdate Token(const std::string& value, absl::Duration validity = absl::Seconds(300)) {
  TokenUpdate update;
  update.token.emplace();
  update.token->value = Secret(value);
  update.token->version = "version of " + value;
  update.token->remaining_validity = validity;
  update.credential.name = "default";
  update.credential.state = "READY";
  return update;
}

TokenUpdate NoToken() {
  TokenUpdate update;
  update.credential.name = "default";
  update.credential.state = "UNAVAILABLE";
  return update;
}

RpcError Error(absl::StatusCode code) { return {.code = code, .message = "as scripted"}; }

// What happens, in order. Time moves only where a wait finds nothing, by the whole of the wait.
class Script {
 public:
  struct OpenFails {};
  struct Stop {};
  using Step = std::variant<TokenUpdate, RpcError, NothingYet, OpenFails, Stop>;

  explicit Script(std::vector<Step> steps) {
    for (Step& step : steps) {
      steps_.push_back(std::move(step));
    }
  }

  Step Take() {
    if (steps_.empty()) {
      return Stop{};
    }
    Step step = std::move(steps_.front());
    steps_.pop_front();
    return step;
  }
  bool NextIs(std::size_t index) const {
    return !steps_.empty() && steps_.front().index() == index;
  }

 private:
  std::deque<Step> steps_;
};

class RecordingSink : public TokenSink {
 public:
  absl::Status Put(const TokenUpdate& update) override {
    lines.push_back(update.token ? std::string(update.token->value.Reveal())
                                 : "none, " + update.credential.state);
    return result;
  }
  std::vector<std::string> lines;
  absl::Status result;
};

// Time passes at once where somebody would wait for it.
class ImpatientClock : public Clock {
 public:
  BootTime Now() const override { return now; }
  absl::Time WallNow() const override { return absl::UnixEpoch(); }
  void WaitUntil(Mutex&, std::condition_variable_any&, BootTime deadline) const override {
    now = std::max(now, deadline);
  }
  mutable BootTime now = BootTime::FromSinceBoot(absl::Hours(1));
};

class ScriptedStream : public TokenStream {
 public:
  ScriptedStream(Script& script, ImpatientClock& clock, StopRequest& stop)
      : script_(script), clock_(clock), stop_(stop) {}
  StreamEvent Next(absl::Duration longest) override {
    return std::visit(
        [&](auto&& step) { return Play(std::forward<decltype(step)>(step), longest); },
        script_.Take());
  }
  void Cancel() override {}

 private:
  static StreamEvent Play(TokenUpdate update, absl::Duration /*longest*/) { return update; }
  static StreamEvent Play(RpcError error, absl::Duration /*longest*/) { return error; }
  StreamEvent Play(NothingYet nothing, absl::Duration longest) {
    clock_.now = clock_.now + longest;
    return nothing;
  }
  template <typename End>
  StreamEvent Play(End /*end*/, absl::Duration /*longest*/) {
    stop_.Make();
    return Error(absl::StatusCode::kCancelled);
  }

  Script& script_;
  ImpatientClock& clock_;
  StopRequest& stop_;
};

class TokenFollowerTest : public testing::Test {
 protected:
  int Run(std::vector<Script::Step> steps) {
    Script script(std::move(steps));
    StopRequest stop(clock_);
    TokenFollower follower(
        [&]() -> absl::StatusOr<std::unique_ptr<TokenStream>> {
          opened_at_.push_back(clock_.now - start_);
          if (script.NextIs(3)) {
            script.Take();
            return absl::NotFoundError("no such file");
          }
          return std::make_unique<ScriptedStream>(script, clock_, stop);
        },
        sink_, clock_, random_);
    testing::internal::CaptureStderr();
    const int code = follower.Run({"broker:1", absl::Seconds(10)}, stop);
    said_ = testing::internal::GetCapturedStderr();
    return code;
  }

  ImpatientClock clock_;
  const BootTime start_ = clock_.now;
  FixedRandom random_;
  RecordingSink sink_;
  std::vector<absl::Duration> opened_at_;
  std::string said_;
};

TEST_F(TokenFollowerTest, PassesOnWhatTheBrokerSays) {
  std::vector<Script::Step> steps;
  steps.emplace_back(Token("a"));
  steps.emplace_back(Token("b"));
  steps.emplace_back(NoToken());
  EXPECT_EQ(Run(std::move(steps)), kExitOk);
  EXPECT_THAT(sink_.lines, ElementsAre("a", "b", "none, UNAVAILABLE"));
  EXPECT_EQ(said_, "");
}

TEST_F(TokenFollowerTest, KeepsTheTokenWhileTheBrokerIsAwayAndWithdrawsItBeforeItExpires) {
  std::vector<Script::Step> steps;
  steps.emplace_back(Token("a"));
  for (int i = 0; i < 60; ++i) {
    steps.emplace_back(Error(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(Run(std::move(steps)), kExitOk);
  EXPECT_THAT(sink_.lines, ElementsAre("a", "none, UNAVAILABLE"));
  EXPECT_GT(clock_.now - start_, absl::Seconds(290));
  EXPECT_THAT(said_, testing::StartsWith("no word from the broker, trying again: UNAVAILABLE"));
  EXPECT_EQ(std::count(said_.begin(), said_.end(), '\n'), 1) << said_;
}

TEST_F(TokenFollowerTest, WithdrawsATokenAlsoWhileASilentStreamIsOpen) {
  std::vector<Script::Step> steps;
  steps.emplace_back(Token("a", absl::Seconds(60)));
  steps.emplace_back(NothingYet{});
  EXPECT_EQ(Run(std::move(steps)), kExitOk);
  EXPECT_THAT(sink_.lines, ElementsAre("a", "none, UNAVAILABLE"));
  EXPECT_EQ(clock_.now - start_, absl::Seconds(54));
}

TEST_F(TokenFollowerTest, AStreamThatEndsNowAndThenIsFollowedByAnotherWithoutAWord) {
  std::vector<Script::Step> steps;
  for (const char* name : {"a", "b", "c"}) {
    steps.emplace_back(Token(name));
    steps.emplace_back(Error(absl::StatusCode::kUnavailable));
  }
  EXPECT_EQ(Run(std::move(steps)), kExitOk);
  EXPECT_THAT(sink_.lines, ElementsAre("a", "b", "c"));
  EXPECT_THAT(opened_at_, ElementsAre(absl::ZeroDuration(), absl::Milliseconds(625),
                                      absl::Milliseconds(1250), absl::Milliseconds(1875)));
  EXPECT_EQ(said_, "");
}

TEST_F(TokenFollowerTest, WaitsAsLongAsTheBrokerAsksAndJittersOnTop) {
  std::vector<Script::Step> steps;
  RpcError limited = Error(absl::StatusCode::kResourceExhausted);
  limited.retry_after = absl::Seconds(7);
  steps.emplace_back(std::move(limited));
  EXPECT_EQ(Run(std::move(steps)), kExitOk);
  EXPECT_THAT(opened_at_, ElementsAre(absl::ZeroDuration(), absl::Milliseconds(7625)));
}

TEST_F(TokenFollowerTest, AnAnswerThatNoRetryMendsEndsItAndWithdrawsTheToken) {
  std::vector<Script::Step> steps;
  steps.emplace_back(Token("a"));
  steps.emplace_back(Error(absl::StatusCode::kPermissionDenied));
  EXPECT_EQ(Run(std::move(steps)), kExitNotAllowed);
  EXPECT_THAT(sink_.lines, ElementsAre("a", "none, UNAVAILABLE"));
  EXPECT_THAT(said_, testing::HasSubstr("PERMISSION_DENIED"));

  for (const auto code : {absl::StatusCode::kNotFound, absl::StatusCode::kUnimplemented,
                          absl::StatusCode::kInvalidArgument}) {
    sink_.lines.clear();
    std::vector<Script::Step> once;
    once.emplace_back(Error(code));
    EXPECT_EQ(Run(std::move(once)), kExitBrokerError);
    EXPECT_THAT(sink_.lines, IsEmpty()) << "what was there before is not ours";
  }
}

TEST_F(TokenFollowerTest, ABrokerThatSaysNothingIsLeftAfterTheTimeout) {
  std::vector<Script::Step> steps;
  steps.emplace_back(NothingYet{});
  steps.emplace_back(Token("a"));
  EXPECT_EQ(Run(std::move(steps)), kExitOk);
  EXPECT_THAT(sink_.lines, ElementsAre("a"));
  EXPECT_THAT(opened_at_, ElementsAre(absl::ZeroDuration(), absl::Milliseconds(10'625)));
  EXPECT_THAT(said_, testing::HasSubstr("the broker is there again"));
}

TEST_F(TokenFollowerTest, BadFilesEndItAtTheStartAndAreTriedAgainLater) {
  std::vector<Script::Step> steps;
  steps.emplace_back(Script::OpenFails{});
  EXPECT_EQ(Run(std::move(steps)), kExitLocalError);

  std::vector<Script::Step> later;
  later.emplace_back(Token("a"));
  later.emplace_back(Error(absl::StatusCode::kUnavailable));
  later.emplace_back(Script::OpenFails{});
  later.emplace_back(Token("b"));
  EXPECT_EQ(Run(std::move(later)), kExitOk);
  EXPECT_THAT(sink_.lines, ElementsAre("a", "b"));
}

TEST_F(TokenFollowerTest, ASinkThatTakesNoMoreEndsIt) {
  sink_.result = absl::UnavailableError("disk full");
  std::vector<Script::Step> steps;
  steps.emplace_back(Token("a"));
  steps.emplace_back(Token("b"));
  EXPECT_EQ(Run(std::move(steps)), kExitLocalError);
  EXPECT_THAT(sink_.lines, ElementsAre("a"));
}

}  // namespace
}  // namespace credential_broker::cli
