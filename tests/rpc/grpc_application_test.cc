#include "rpc/grpc_application.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rpc/status.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

using ::testing::ElementsAre;

void Echo(Call& call, std::string_view message) {
  call.SendMessage(std::string(message));
  call.FinishOk();
}

TEST(GrpcApplication, AnswersAUnaryCall) {
  TestFront front;
  front.script.on_message = Echo;
  TestRequest request = front.Call("One");
  request.Data(Frame("hello"));
  EXPECT_FALSE(request.stream().ended()) << "the request may have a second message yet";
  request.End();
  EXPECT_EQ(request.stream().received, Frame("hello"));
  EXPECT_EQ(request.stream().frames, 1) << "prefix and message are one frame";
  EXPECT_EQ(request.stream().Header(":status"), "200");
  EXPECT_EQ(request.stream().Header("content-type"), "application/grpc");
  EXPECT_EQ(request.status(), "0");
  EXPECT_EQ(request.stream().trailers().size(), 1U);
  EXPECT_EQ(request.stream().consumed, Frame("hello").size());
}

TEST(GrpcApplication, TakesAMessageInAnyPieces) {
  TestFront front;
  front.script.on_message = Echo;
  TestRequest request = front.Call("One");
  for (char byte : Frame("hello")) {
    request.Data(std::string_view(&byte, 1));
  }
  request.End();
  EXPECT_EQ(request.stream().received, Frame("hello"));
}

TEST(GrpcApplication, TakesAnEmptyMessage) {
  TestFront front;
  front.script.on_message = Echo;
  TestRequest request = front.Call("One");
  request.Data(Frame(""));
  request.End();
  EXPECT_EQ(request.stream().received, Frame(""));
  EXPECT_EQ(request.status(), "0");
}

TEST(GrpcApplication, AnswersARefusedRequestWithOneHeaderSectionAndLetsItsBodyGoBy) {
  TestFront front;
  TestRequest request = front.Request(GrpcHead("/test.Kinds/Two"));
  EXPECT_TRUE(request.stream().headers_only);
  EXPECT_EQ(request.stream().Trailer(":status"), "200");
  EXPECT_EQ(request.stream().Trailer("content-type"), "application/grpc");
  EXPECT_EQ(request.status(), "12");
  EXPECT_EQ(request.message(), "unknown method /test.Kinds/Two");
  request.Data("anything");
  request.End();
  EXPECT_EQ(request.stream().consumed, 8U);
  EXPECT_EQ(front.log.made, 0);
}

TEST(GrpcApplication, AnswersAnUnknownEncodingWithTheOneThatIsTaken) {
  TestFront front;
  TestRequest request = front.Call("One", {{"grpc-encoding", "zstd"}});
  EXPECT_EQ(request.status(), "12");
  EXPECT_EQ(request.stream().Trailer("grpc-accept-encoding"), "identity");
}

TEST(GrpcApplication, AnswersOtherHttpMethodsWith405AndAllow) {
  TestFront front;
  h2::RequestHead head = GrpcHead("/test.Kinds/One");
  head.method = "DELETE";
  TestRequest request = front.Request(std::move(head));
  EXPECT_EQ(request.stream().Trailer(":status"), "405");
  EXPECT_EQ(request.stream().Trailer("allow"), "POST");
}

TEST(GrpcApplication, ClosingTheStreamDestroysTheHandler) {
  TestFront front;
  TestRequest request = front.Call("Both");
  request.Data(Frame("one"));
  EXPECT_EQ(front.log.destroyed, 0);
  request.Close();
  EXPECT_EQ(front.log.destroyed, 1);
}

TEST(GrpcApplication, WhatAHandlerSendsWhileItIsDestroyedGoesNowhere) {
  TestFront front;
  front.script.on_destroyed = [](Call& call) {
    call.SendInitialMetadata({});
    call.SendMessage("late");
    call.FinishOk();
    call.Ref()->Post([](Call&) { FAIL() << "the call is over"; });
  };
  TestRequest request = front.Call("Both");
  request.Close();
  front.loop.RunPosted();
  EXPECT_FALSE(request.stream().ended());
  EXPECT_EQ(request.stream().received, "");
  EXPECT_EQ(front.log.destroyed, 1);
}

TEST(GrpcApplication, AFactoryMayFinishTheCallAndReturnNoHandler) {
  std::shared_ptr<FakeLoop> loop_owner = std::make_shared<FakeLoop>();
  FakeLoop& loop = *loop_owner;
  Router router;
  router.Add(TestService(), "Both", [](Call& call) -> std::unique_ptr<CallHandler> {
    call.Finish(MakeStatus(absl::StatusCode::kPermissionDenied, "not you"));
    return nullptr;
  });
  GrpcApplication front(router, loop);
  TestRequest request(front, loop, GrpcHead("/test.Kinds/Both"));
  request.Data(Frame("x"));
  request.End();
  request.Take(0);
  EXPECT_EQ(request.status(), "7");
  EXPECT_EQ(request.stream().consumed, Frame("x").size());
}

TEST(GrpcApplication, AFactoryThatReturnsNothingIsInternal) {
  std::shared_ptr<FakeLoop> loop_owner = std::make_shared<FakeLoop>();
  FakeLoop& loop = *loop_owner;
  Router router;
  router.Add(TestService(), "One", [](Call&) { return nullptr; });
  GrpcApplication front(router, loop);
  TestRequest request(front, loop, GrpcHead("/test.Kinds/One"));
  EXPECT_EQ(request.status(), "13");
}

TEST(GrpcApplication, TellsTheObserverOfEachCallOnce) {
  TestFront front;
  front.script.on_message = [&](Call& call, std::string_view) {
    front.loop.Advance(absl::Milliseconds(3));
    call.Finish(MakeStatus(absl::StatusCode::kNotFound, "no"));
  };
  {
    TestRequest request = front.Call("One");
    request.Data(Frame("x"));
    request.End();
  }
  {
    TestRequest request = front.Call("Both");
    front.loop.Advance(absl::Seconds(1));
  }
  TestRequest unknown = front.Call("Three");
  EXPECT_THAT(front.observer.events, ElementsAre("started One", "finished One NOT_FOUND 3ms",
                                                 "started Both", "finished Both CANCELLED 1s"));
}

}  // namespace
}  // namespace credential_broker::rpc
