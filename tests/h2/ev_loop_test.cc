#include "h2/ev_loop.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "h2/test_application.h"

namespace credential_broker::h2 {
namespace {

// A loop on a thread of its own.
class LoopThread {
 public:
  LoopThread() : loop_(EvLoop::Create()), thread_([this] { loop_->Run(); }) {}
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread() { Stop(); }

  EvLoop& loop() { return *loop_; }
  std::shared_ptr<EvLoop> shared() { return loop_; }
  void Stop() {
    if (thread_.joinable()) {
      loop_->Post([this] { loop_->Break(); });
      thread_.join();
      loop_->RefuseTasks();
    }
  }

 private:
  std::shared_ptr<EvLoop> loop_;
  std::thread thread_;
};

TEST(EvLoop, RunsTasksOfAThreadInTheirOrder) {
  LoopThread thread;
  constexpr int kThreads = 4;
  constexpr int kTasks = 1000;
  std::vector<std::vector<int>> seen(kThreads);
  Signal done;
  std::vector<std::thread> posters;
  for (int t = 0; t < kThreads; ++t) {
    posters.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        thread.loop().Post([&, t, i] {
          seen[t].push_back(i);
          done.Notify();
        });
      }
    });
  }
  for (auto& poster : posters) {
    poster.join();
  }
  ASSERT_TRUE(done.Await(kThreads * kTasks));
  for (const auto& order : seen) {
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_EQ(order.size(), static_cast<std::size_t>(kTasks));
  }
}

TEST(EvLoop, ATaskMayPost) {
  LoopThread thread;
  Signal done;
  thread.loop().Post([&] { thread.loop().Post([&] { done.Notify(); }); });
  EXPECT_TRUE(done.Await());
}

TEST(EvLoop, DestroysTasksThatComeTooLate) {
  LoopThread thread;
  thread.Stop();
  auto held = std::make_shared<int>(1);
  thread.loop().Post([held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 1);
  // Also where the poster outlives the server.
  std::shared_ptr<EventLoop> loop = thread.loop().shared_from_this();
  loop->Post([held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 1);
}

TEST(EvLoop, RunsATimerAfterItsDelayAndNotBefore) {
  LoopThread thread;
  Signal done;
  std::unique_ptr<Timer> timer;
  absl::Time start = absl::Now();
  absl::Time end;
  thread.loop().Post([&] {
    // The batch has taken a while already: the delay counts from here all the same.
    for (absl::Time now = absl::Now(); absl::Now() < now + absl::Milliseconds(20);) {
    }
    start = absl::Now();
    timer = thread.loop().RunAfter(absl::Milliseconds(15), [&] {
      end = absl::Now();
      done.Notify();
    });
  });
  ASSERT_TRUE(done.Await());
  EXPECT_GE(end - start, absl::Milliseconds(14));
  Signal destroyed;
  thread.loop().Post([&] {
    timer.reset();
    destroyed.Notify();
  });
  ASSERT_TRUE(destroyed.Await());
}

TEST(EvLoop, ATimerThatIsDestroyedDoesNotRun) {
  LoopThread thread;
  Signal done;
  bool ran = false;
  std::unique_ptr<Timer> later;
  thread.loop().Post([&] {
    auto never = thread.loop().RunAfter(absl::ZeroDuration(), [&] { ran = true; });
    never.reset();
    later = thread.loop().RunAfter(absl::Milliseconds(5), [&] {
      later.reset();  // a timer may go inside its own task
      done.Notify();
    });
  });
  ASSERT_TRUE(done.Await());
  thread.Stop();
  EXPECT_FALSE(ran);
}

TEST(EvLoop, EndlessAndNegativeDelaysAreFine) {
  LoopThread thread;
  Signal done;
  std::unique_ptr<Timer> endless;
  std::unique_ptr<Timer> negative;
  thread.loop().Post([&] {
    endless = thread.loop().RunAfter(absl::InfiniteDuration(), [] { FAIL(); });
    negative = thread.loop().RunAfter(-absl::InfiniteDuration(), [&] {
      endless.reset();
      negative.reset();
      done.Notify();
    });
  });
  EXPECT_TRUE(done.Await());
}

}  // namespace
}  // namespace credential_broker::h2
