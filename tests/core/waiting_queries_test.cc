#include "core/waiting_queries.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace credential_broker {
namespace {

using Answer = std::optional<absl::StatusOr<TokenPtr>>;

const auto kAnswerAll = [](const TokenQuery&) -> Answer { return TokenPtr(); };
const auto kAnswerNone = [](const TokenQuery&) -> Answer { return std::nullopt; };

BootTime At(int seconds) { return BootTime::FromSinceBoot(absl::Seconds(seconds)); }

TokenQuery Until(int seconds) {
  TokenQuery query;
  query.give_up_at = At(seconds);
  return query;
}

class WaitingQueriesTest : public ::testing::Test {
 protected:
  std::unique_ptr<PendingQuery> Add(const TokenQuery& query) {
    return Add(query, [this](const absl::StatusOr<TokenPtr>&) { ++answered_; });
  }

  std::unique_ptr<PendingQuery> Add(const TokenQuery& query, TokenCallback done) {
    return list_->Add(query, done);
  }

  std::shared_ptr<WaitingQueries> list_ = std::make_shared<WaitingQueries>();
  int answered_ = 0;
};

TEST_F(WaitingQueriesTest, AnswersOnceWhenJudged) {
  const auto pending = Add(Until(10));
  EXPECT_EQ(answered_, 0);
  list_->JudgeNew(kAnswerAll);
  EXPECT_EQ(answered_, 1);
  list_->JudgeAll(kAnswerAll);
  EXPECT_EQ(answered_, 1);
}

TEST_F(WaitingQueriesTest, JudgesNewCallsOnce) {
  int judged = 0;
  const auto count = [&](const TokenQuery&) -> Answer {
    ++judged;
    return std::nullopt;
  };
  const auto first = Add(Until(10));
  list_->JudgeNew(count);
  const auto second = Add(Until(10));
  list_->JudgeNew(count);
  EXPECT_EQ(judged, 2);
  list_->JudgeAll(count);
  EXPECT_EQ(judged, 4);
  EXPECT_EQ(answered_, 0);
}

TEST_F(WaitingQueriesTest, JudgesOverdueCallsOnly) {
  const auto first = Add(Until(10));
  const auto second = Add(Until(20));
  EXPECT_EQ(list_->EarliestGiveUp(), At(10));
  list_->JudgeOverdue(At(9), kAnswerAll);
  EXPECT_EQ(answered_, 0);
  list_->JudgeOverdue(At(10), kAnswerAll);
  EXPECT_EQ(answered_, 1);
  EXPECT_EQ(list_->EarliestGiveUp(), At(20));
  list_->JudgeOverdue(At(20), kAnswerAll);
  EXPECT_EQ(list_->EarliestGiveUp(), BootTime::InfiniteFuture());
}

TEST_F(WaitingQueriesTest, WithdrawnCallIsNeverAnswered) {
  auto pending = Add(Until(10));
  pending.reset();
  list_->JudgeNew(kAnswerAll);
  list_->JudgeAll(kAnswerAll);
  EXPECT_EQ(answered_, 0);
  EXPECT_EQ(list_->EarliestGiveUp(), BootTime::InfiniteFuture());
}

TEST_F(WaitingQueriesTest, WithdrawalDestroysTheCallback) {
  auto canary = std::make_shared<int>();
  const std::weak_ptr<int> alive = canary;
  auto pending = Add(Until(10), [canary = std::move(canary)](const auto&) {});
  EXPECT_FALSE(alive.expired());
  pending.reset();
  EXPECT_TRUE(alive.expired());
}

TEST_F(WaitingQueriesTest, OutlivesItsOwner) {
  auto pending = Add(Until(10));
  list_.reset();
  pending.reset();
  EXPECT_EQ(answered_, 0);
}

TEST_F(WaitingQueriesTest, ClosedListLeavesTheCallToItsCaller) {
  const auto before = Add(Until(10));
  list_->Close();
  TokenCallback done = [this](const absl::StatusOr<TokenPtr>&) { answered_ += 100; };
  EXPECT_EQ(list_->Add(Until(10), done), nullptr);
  std::move(done)(TokenPtr());
  EXPECT_EQ(answered_, 100);
  list_->JudgeAll(kAnswerAll);
  EXPECT_EQ(answered_, 101);
}

TEST_F(WaitingQueriesTest, CallbackMayDestroyItsOwnPendingQuery) {
  std::unique_ptr<PendingQuery> pending;
  bool called = false;
  pending = Add(Until(10), [&](const absl::StatusOr<TokenPtr>&) {
    called = true;
    pending.reset();
  });
  list_->JudgeAll(kAnswerAll);
  EXPECT_TRUE(called);
}

TEST_F(WaitingQueriesTest, CallbackMayAddAndWithdrawOtherCalls) {
  auto victim = Add(Until(20));
  std::unique_ptr<PendingQuery> added;
  const auto pending = Add(Until(10), [&](const absl::StatusOr<TokenPtr>&) {
    victim.reset();
    added = Add(Until(30));
  });
  list_->JudgeAll(kAnswerAll);
  EXPECT_EQ(answered_, 0);
  EXPECT_EQ(list_->EarliestGiveUp(), At(30));
}

TEST_F(WaitingQueriesTest, WithdrawalWaitsForACallbackThatRuns) {
  std::promise<void> running;
  std::promise<void> go_on;
  std::atomic<bool> ended = false;
  auto pending = Add(Until(10), [&](const absl::StatusOr<TokenPtr>&) {
    running.set_value();
    go_on.get_future().wait();
    ended = true;
  });
  std::thread deliverer([&] { list_->JudgeAll(kAnswerAll); });
  running.get_future().wait();
  std::thread withdrawer([&] {
    pending.reset();
    EXPECT_TRUE(ended);
  });
  go_on.set_value();
  withdrawer.join();
  deliverer.join();
}

TEST_F(WaitingQueriesTest, WithdrawalRacesWithDelivery) {
  for (int round = 0; round < 300; ++round) {
    std::vector<std::unique_ptr<PendingQuery>> pending;
    std::vector<std::unique_ptr<int>> state;
    for (int i = 0; i < 20; ++i) {
      state.push_back(std::make_unique<int>(0));
      pending.push_back(Add(
          Until(10), [value = state.back().get()](const absl::StatusOr<TokenPtr>&) { ++*value; }));
    }
    std::thread deliverer([&] { list_->JudgeAll(kAnswerAll); });
    for (std::size_t i = pending.size(); i-- > 0;) {
      pending[i].reset();
      // From here on no callback may touch what it captured; a sanitizer sees one that does.
      EXPECT_LE(*state[i], 1);
      state[i].reset();
    }
    deliverer.join();
  }
}

TEST_F(WaitingQueriesTest, AddsFromManyThreads) {
  std::atomic<int> answered = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  std::atomic<bool> stop = false;
  std::thread judge([&] {
    while (!stop) {
      list_->JudgeNew(kAnswerNone);
    }
  });
  std::vector<std::vector<std::unique_ptr<PendingQuery>>> pending(4);
  for (auto& mine : pending) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        mine.push_back(Add(Until(i), [&](const auto&) { ++answered; }));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  stop = true;
  judge.join();
  list_->JudgeAll(kAnswerAll);
  EXPECT_EQ(answered, 4000);
}

}  // namespace
}  // namespace credential_broker
