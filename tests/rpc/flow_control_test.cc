#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/call.h"
#include "rpc/server_call.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

using ::testing::ElementsAre;

constexpr std::size_t kLarge = ServerCall::kMaxUnsent + 1;

// A bidirectional call that answers each message with more than the client may leave unread.
class FlowControl : public testing::Test {
 protected:
  FlowControl() {
    front_.script.on_message = [](Call& call, std::string_view) {
      call.SendMessage(std::string(kLarge, 'y'));
    };
    front_.script.on_half_close = [](Call& call) { call.FinishOk(); };
  }
  FakeStream& stream() { return request_.stream(); }
  std::size_t messages() const { return front_.log.messages.size(); }

  TestFront front_;
  TestRequest request_ = front_.Call("Both");
};

TEST(FlowControlOfAMessage, GivesBytesBackInTheMiddleOfIt) {
  for (const char* method : {"One", "Up"}) {
    TestFront front({.max_message = 1 << 20});
    TestRequest request = front.Call(method);
    const std::string message(1 << 20, 'x');
    const std::string bytes = Frame(message);
    const std::string_view view = bytes;
    for (std::size_t at = 0; at < bytes.size(); at += 16384) {
      request.Data(view.substr(at, 16384));
      EXPECT_EQ(request.stream().consumed, std::min(bytes.size(), at + 16384))
          << "a window of 64 KiB would be stuck";
    }
    request.End();
    EXPECT_THAT(front.log.messages, ElementsAre(message));
  }
}

TEST(TakeBack, ReplacesAMessageThatTheClientHasNotBegunToTake) {
  TestFront front;
  front.script.on_message = [](Call& call, std::string_view message) {
    if (call.TakeBack()) {
      call.SendMessage(std::string(message));
    }
  };
  TestRequest request = front.Call("Both");
  request.stream().CloseWindow();
  request.Data(Frame("old") + Frame("newer"));
  request.Take(1);
  request.Data(Frame("too late"));
  request.Take(100);
  EXPECT_EQ(request.stream().received, Frame("newer"));
}

TEST_F(FlowControl, HoldsMessagesBackWhileTheClientReadsNothing) {
  stream().CloseWindow();
  const std::string one = Frame("one");
  request_.Data(one);
  EXPECT_EQ(messages(), 1U);
  request_.Data(Frame("two") + Frame("three"));
  request_.Data(Frame("four"));
  EXPECT_EQ(messages(), 1U);
  EXPECT_EQ(stream().consumed, 0U) << "the client's window bounds what waits";
}

TEST_F(FlowControl, GoesOnWhenTheClientReads) {
  stream().CloseWindow();
  request_.Data(Frame("one"));
  request_.Data(Frame("two") + Frame("three"));
  request_.End();
  request_.Take(kLarge + 5);
  EXPECT_THAT(front_.log.messages, ElementsAre("one", "two"));
  EXPECT_EQ(front_.log.half_closes, 0);
  request_.Take(kLarge + 5);
  EXPECT_THAT(front_.log.messages, ElementsAre("one", "two", "three"));
  EXPECT_FALSE(stream().ended());
  request_.Take(kLarge + 5);
  EXPECT_EQ(front_.log.half_closes, 1);
  EXPECT_EQ(request_.status(), "0");
  EXPECT_EQ(stream().consumed, Frame("one").size() + Frame("two").size() + Frame("three").size());
  EXPECT_EQ(front_.log.drains, 3);
}

TEST_F(FlowControl, GivesWhatItHeldBackWhenTheCallEnds) {
  stream().CloseWindow();
  request_.Data(Frame("one"));
  EXPECT_EQ(stream().consumed, 0U);
  front_.log.call->FinishOk();
  EXPECT_EQ(stream().consumed, Frame("one").size());
  request_.Data("more");
  EXPECT_EQ(stream().consumed, Frame("one").size() + 4);
}

TEST(FlowControlOfADeadline, GivesWhatItHeldBackAtTheDeadline) {
  TestFront front;
  front.script.on_message = [](Call& call, std::string_view) {
    call.SendMessage(std::string(kLarge, 'y'));
  };
  TestRequest request = front.Call("Both", {{"grpc-timeout", "1S"}});
  request.stream().CloseWindow();
  request.Data(Frame("one"));
  EXPECT_EQ(request.stream().consumed, 0U);
  front.loop.Advance(absl::Seconds(1));
  EXPECT_EQ(request.stream().consumed, Frame("one").size());
}

TEST_F(FlowControl, ManySmallMessagesInOnePieceDoNotPileUpAnswers) {
  stream().CloseWindow();
  std::string many;
  for (int i = 0; i < 1000; ++i) {
    many += Frame("x");
  }
  request_.Data(many);
  EXPECT_EQ(messages(), 1U);
  EXPECT_EQ(front_.log.call->unsent_bytes(), kLarge + 5);
}

TEST_F(FlowControl, ABadMessageThatWaitsIsFoundWhenItsTurnComes) {
  stream().CloseWindow();
  request_.Data(Frame("one") + Frame("bad", 1));
  EXPECT_FALSE(stream().ended());
  request_.Take(kLarge + 5);
  EXPECT_EQ(request_.status(), "13");
}

TEST_F(FlowControl, TellsTheHandlerWhenAllIsTaken) {
  stream().CloseWindow();
  front_.log.call->SendMessage("abc");
  request_.Take(7);
  EXPECT_EQ(front_.log.drains, 0);
  EXPECT_EQ(front_.log.call->unsent_bytes(), 1U);
  request_.Take(1);
  EXPECT_EQ(front_.log.drains, 1);
}

TEST_F(FlowControl, TellsTheHandlerNothingAfterFinish) {
  stream().CloseWindow();
  front_.log.call->SendMessage("abc");
  front_.log.call->FinishOk();
  request_.Take(100);
  EXPECT_EQ(front_.log.drains, 0);
  EXPECT_EQ(front_.log.destroyed, 0) << "it lives as long as the stream";
}

}  // namespace
}  // namespace credential_broker::rpc
