#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/call.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

using ::testing::ElementsAre;

constexpr std::uint32_t kCancel = 8;

TEST(Deadline, EndsACallThatHasSentNothing) {
  TestFront front;
  TestRequest request = front.Call("One", {{"grpc-timeout", "100m"}});
  request.Data(Frame("x"));
  request.End();
  front.loop.Advance(absl::Milliseconds(99));
  EXPECT_FALSE(request.stream().ended());
  front.loop.Advance(absl::Milliseconds(1));
  EXPECT_EQ(request.status(), "4");
  EXPECT_TRUE(request.stream().headers_only);
  EXPECT_EQ(front.log.destroyed, 1) << "the handler is told at the deadline";
  EXPECT_THAT(front.observer.events,
              ElementsAre("started One", "finished One DEADLINE_EXCEEDED 100ms"));
}

TEST(Deadline, EndsACallWhoseClientSendsNothing) {
  TestFront front;
  TestRequest request = front.Call("One", {{"grpc-timeout", "1S"}});
  front.loop.Advance(absl::Seconds(1));
  EXPECT_EQ(request.status(), "4");
  request.Data(Frame("late"));
  request.End();
  EXPECT_EQ(request.stream().consumed, Frame("late").size());
}

TEST(Deadline, EndsAStreamAfterItsFirstMessage) {
  TestFront front;
  TestRequest request = front.Call("Down", {{"grpc-timeout", "1S"}});
  front.log.call->SendMessage("one");
  front.loop.Advance(absl::Seconds(1));
  EXPECT_EQ(request.stream().received, Frame("one"));
  EXPECT_FALSE(request.stream().headers_only);
  EXPECT_EQ(request.status(), "4");
}

TEST(Deadline, ResetsAStreamHalfWayThroughAMessage) {
  TestFront front;
  TestRequest request = front.Call("Down", {{"grpc-timeout", "1S"}});
  request.stream().CloseWindow();
  front.log.call->SendMessage("a message");
  request.Take(7);
  front.loop.Advance(absl::Seconds(1));
  EXPECT_EQ(request.stream().reset, kCancel);
  EXPECT_EQ(request.status(), "");
  EXPECT_EQ(front.log.destroyed, 1);
}

TEST(Deadline, StaysSetForAnAnswerThatTheClientDoesNotTake) {
  TestFront front;
  TestRequest request = front.Call("Down", {{"grpc-timeout", "1S"}});
  request.stream().CloseWindow();
  front.log.call->SendMessage("a message");
  front.log.call->FinishOk();
  EXPECT_EQ(front.loop.timers_armed(), 1U);
  front.loop.Advance(absl::Seconds(1));
  EXPECT_EQ(request.stream().reset, kCancel);
  EXPECT_THAT(front.observer.events, ElementsAre("started Down", "finished Down OK 0"));
}

TEST(Deadline, LeavesAnAnswerAloneThatIsOnItsWay) {
  TestFront front;
  TestRequest request = front.Call("Down", {{"grpc-timeout", "1S"}});
  front.log.call->SendMessage("a message");
  front.log.call->FinishOk();
  front.loop.Advance(absl::Seconds(1));
  EXPECT_EQ(request.stream().reset, std::nullopt);
  EXPECT_EQ(request.status(), "0");
}

TEST(Deadline, IsOverWithTheStream) {
  TestFront front;
  TestRequest request = front.Call("Down", {{"grpc-timeout", "1S"}});
  EXPECT_EQ(front.loop.timers_armed(), 1U);
  request.Close();
  EXPECT_EQ(front.loop.timers_armed(), 0U);
}

TEST(Deadline, OfZeroEndsTheCallBeforeItBegins) {
  TestFront front;
  TestRequest request = front.Call("One", {{"grpc-timeout", "0n"}});
  EXPECT_EQ(request.status(), "4");
  EXPECT_EQ(front.log.made, 0);
  EXPECT_EQ(front.loop.timers_set(), 0);
  request.Data(Frame("x"));
  request.End();
}

TEST(Deadline, ThatIsTheLongestDoesNotEndTheCall) {
  TestFront front;
  TestRequest request = front.Call("One", {{"grpc-timeout", "99999999H"}});
  front.loop.Advance(absl::Hours(24));
  EXPECT_FALSE(request.stream().ended());
}

TEST(Deadline, NeedsNoTimerWhenTheCallIsAnsweredAtOnce) {
  std::shared_ptr<FakeLoop> loop_owner = std::make_shared<FakeLoop>();
  FakeLoop& loop = *loop_owner;
  Router router;
  router.Add(TestService(), "Down", [](Call& call) -> std::unique_ptr<CallHandler> {
    call.FinishOk();
    return nullptr;
  });
  GrpcApplication application(router, loop);
  TestRequest request(application, loop, GrpcHead("/test.Kinds/Down", {{"grpc-timeout", "1S"}}));
  EXPECT_EQ(loop.timers_set(), 0);
}

}  // namespace
}  // namespace credential_broker::rpc
