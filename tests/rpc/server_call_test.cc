#include "rpc/server_call.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void EchoMessage(Call& call, std::string_view message) {
  call.SendMessage(std::string(message));
  call.FinishOk();
}

class OneMessageMethods : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, OneMessageMethods, testing::Values("One", "Down"));

TEST_P(OneMessageMethods, NoMessageIsUnimplemented) {
  TestFront front;
  TestRequest request = front.Call(GetParam());
  request.End();
  EXPECT_EQ(request.status(), "12");
  EXPECT_THAT(request.message(), HasSubstr("exactly one message, not none"));
  EXPECT_EQ(front.log.destroyed, 1);
}

TEST_P(OneMessageMethods, TwoMessagesAreUnimplementedOnceTheClientHasHalfClosed) {
  TestFront front;
  front.script.on_message = EchoMessage;
  TestRequest request = front.Call(GetParam());
  request.Data(Frame("one") + Frame("two"));
  EXPECT_FALSE(request.stream().ended());
  request.End();
  EXPECT_EQ(request.status(), "12");
  EXPECT_THAT(front.log.messages, IsEmpty());
}

class AllMethods : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Kinds, AllMethods, testing::Values("One", "Down", "Up", "Both"));

TEST_P(AllMethods, ATruncatedMessageIsInternal) {
  TestFront front;
  TestRequest request = front.Call(GetParam());
  request.Data(Frame("truncated").substr(0, 7));
  request.End();
  EXPECT_EQ(request.status(), "13");
  EXPECT_EQ(front.log.half_closes, 0);
}

TEST_P(AllMethods, ATruncatedPrefixIsInternal) {
  TestFront front;
  TestRequest request = front.Call(GetParam());
  request.Data(Frame("truncated").substr(0, 3));
  request.End();
  EXPECT_EQ(request.status(), "13");
}

TEST_P(AllMethods, ACompressedMessageWithoutAnEncodingIsInternalAtOnce) {
  TestFront front;
  TestRequest request = front.Call(GetParam());
  request.Data(Frame("x", 1));
  EXPECT_EQ(request.status(), "13");
}

TEST_P(AllMethods, TooLargeAMessageIsResourceExhaustedByItsPrefix) {
  TestFront front({.max_message = 10});
  TestRequest request = front.Call(GetParam());
  request.Data(Frame(std::string(11, 'x')).substr(0, 5));
  EXPECT_EQ(request.status(), "8");
  EXPECT_EQ(front.log.destroyed, 1) << "the handler is not kept waiting";
  EXPECT_EQ(front.application.counters().messages_too_large.value(), 1U);
  request.Data("xxxxxxxxxxx");
  request.End();
  EXPECT_EQ(request.stream().consumed, 16U);
}

TEST_P(AllMethods, HandsOverAMessageAtTheLimit) {
  TestFront front({.max_message = 10});
  TestRequest request = front.Call(GetParam());
  request.Data(Frame(std::string(10, 'x')));
  request.End();
  EXPECT_THAT(front.log.messages, ElementsAre("xxxxxxxxxx"));
  EXPECT_EQ(front.log.half_closes, 1);
  EXPECT_EQ(front.application.counters().messages_too_large.value(), 0U);
}

TEST(ServerCall, HandsOverStreamedMessagesAsTheyCome) {
  TestFront front;
  TestRequest request = front.Call("Up");
  request.Data(Frame("one") + Frame("two") + Frame("three").substr(0, 4));
  EXPECT_THAT(front.log.messages, ElementsAre("one", "two"));
  request.Data(Frame("three").substr(4));
  EXPECT_THAT(front.log.messages, ElementsAre("one", "two", "three"));
  EXPECT_EQ(front.log.half_closes, 0);
  request.End();
  EXPECT_EQ(front.log.half_closes, 1);
}

TEST(ServerCall, AClientStreamOfNoMessagesIsValid) {
  TestFront front;
  front.script.on_half_close = [](Call& call) { EchoMessage(call, "none"); };
  TestRequest request = front.Call("Up");
  request.End();
  EXPECT_EQ(request.stream().received, Frame("none"));
  EXPECT_EQ(request.status(), "0");
}

TEST(ServerCall, StopsHandingOverMessagesOnceTheCallIsFinished) {
  TestFront front;
  front.script.on_message = EchoMessage;
  TestRequest request = front.Call("Both");
  request.Data(Frame("one") + Frame("two"));
  request.Data(Frame("three"));
  request.End();
  EXPECT_THAT(front.log.messages, ElementsAre("one"));
  EXPECT_EQ(front.log.half_closes, 0);
  EXPECT_EQ(request.stream().consumed,
            Frame("one").size() + Frame("two").size() + Frame("three").size());
}

}  // namespace
}  // namespace credential_broker::rpc
