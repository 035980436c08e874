#include "rpc/loop_call_ref.h"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

TEST(CallRef, RunsTasksOnTheLoopInOrder) {
  TestFront front;
  TestRequest request = front.Call("Both");
  std::shared_ptr<CallRef> ref = front.log.call->Ref();
  EXPECT_EQ(ref, front.log.call->Ref());
  std::thread([&] {
    ref->Post([](Call& call) { call.SendMessage("one"); });
    ref->Post([](Call& call) { call.SendMessage("two"); });
  }).join();
  EXPECT_EQ(request.stream().received, "");
  front.loop.RunPosted();
  EXPECT_EQ(request.stream().received, Frame("one") + Frame("two"));
}

TEST(CallRef, DestroysATaskThatComesAfterTheCall) {
  auto front = std::make_unique<TestFront>();
  std::shared_ptr<CallRef> ref;
  {
    TestRequest request = front->Call("Both");
    ref = front->log.call->Ref();
  }
  front.reset();  // the loop as well
  auto token = std::make_shared<int>();
  ref->Post([token](Call&) { FAIL(); });
  EXPECT_EQ(token.use_count(), 1);
}

TEST(CallRef, DoesNotRunATaskThatTheCallDidNotWaitFor) {
  TestFront front;
  auto token = std::make_shared<int>();
  {
    TestRequest request = front.Call("Both");
    front.log.call->Ref()->Post([token](Call&) { FAIL(); });
  }
  front.loop.RunPosted();
  EXPECT_EQ(token.use_count(), 1);
}

TEST(CallRef, DoesNotRunATaskAfterFinish) {
  TestFront front;
  TestRequest request = front.Call("Both");
  std::shared_ptr<CallRef> ref = front.log.call->Ref();
  ref->Post([](Call& call) { call.FinishOk(); });
  ref->Post([](Call&) { FAIL(); });
  front.loop.RunPosted();
  ref->Post([](Call&) { FAIL(); });
  front.loop.RunPosted();
  EXPECT_EQ(request.status(), "0");
}

TEST(CallRef, DoesNotRunATaskAfterTheDeadline) {
  TestFront front;
  TestRequest request = front.Call("Both", {{"grpc-timeout", "1S"}});
  std::shared_ptr<CallRef> ref = front.log.call->Ref();
  ref->Post([](Call&) { FAIL(); });
  front.loop.Advance(absl::Seconds(1));
  front.loop.RunPosted();
}

// A task's destructor may come back to the call, as that of a promise kept in it does.
TEST(CallRef, LetsADestroyedTaskPostAgain) {
  TestFront front;
  std::shared_ptr<CallRef> ref;
  {
    TestRequest request = front.Call("Both");
    ref = front.log.call->Ref();
  }
  bool posted_again = false;
  struct PostAgain {
    std::shared_ptr<CallRef> to;
    bool& done;
    ~PostAgain() {
      to->Post([](Call&) {});
      done = true;
    }
  };
  auto again = std::make_shared<PostAgain>(PostAgain{ref, posted_again});
  posted_again = false;
  ref->Post([again = std::move(again)](Call&) {});
  EXPECT_TRUE(posted_again);
}

// The same where the call still lives and its loop has stopped already: at the end of a worker.
TEST(CallRef, LetsATaskThatTheLoopRefusesPostAgain) {
  TestFront front;
  TestRequest request = front.Call("Both");
  std::shared_ptr<CallRef> ref = front.log.call->Ref();
  front.loop.RefuseTasks();
  int posted_again = 0;
  struct PostAgain {
    std::shared_ptr<CallRef> to;
    int& count;
    ~PostAgain() {
      to->Post([](Call&) { FAIL(); });
      ++count;
    }
  };
  // clang 14 cannot initialize an aggregate within make_unique.
  // NOLINTNEXTLINE(modernize-make-unique)
  auto again = std::unique_ptr<PostAgain>(new PostAgain{ref, posted_again});
  ref->Post([again = std::move(again)](Call&) { FAIL(); });
  EXPECT_EQ(posted_again, 1);
}

TEST(CallRef, TakesTasksFromManyThreadsWhileCallsEnd) {
  TestFront front;
  for (int round = 0; round < 50; ++round) {
    std::vector<std::thread> threads;
    {
      TestRequest request = front.Call("Both");
      std::shared_ptr<CallRef> ref = front.log.call->Ref();
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([ref] {
          for (int n = 0; n < 20; ++n) {
            ref->Post([](Call& call) { call.SendMessage("x"); });
          }
        });
      }
      front.loop.RunPosted();
    }
    front.loop.RunPosted();
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  EXPECT_EQ(front.log.destroyed, 50);
}

}  // namespace
}  // namespace credential_broker::rpc
