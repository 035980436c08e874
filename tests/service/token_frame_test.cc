#include "service/token_frame.h"

#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/memory_probe.h"

namespace credential_broker::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Larger than what the allocator writes into memory that is freed.
std::string LongValue() { return std::string(1000, 'S'); }
constexpr std::string_view kPartOfValue = "SSSSSSSSSSSSSSSS";

TEST(WipedAtTheEnd, OverwritesTheMessageWhenItsLastReferenceEnds) {
  TokenFrame frame = WipedAtTheEnd(LongValue());
  MemoryProbe probe(frame->data(), frame->size());
  TokenFrame other = frame;
  frame.reset();
  EXPECT_EQ(*other, LongValue());
  other.reset();
  EXPECT_THAT(probe.Read(), Not(HasSubstr(kPartOfValue)));
}

TEST(FrameAndWipe, LeavesTheTokenInTheFrameAlone) {
  api::GetTokenResponse response;
  response.mutable_token()->set_value(LongValue());
  response.mutable_token()->set_version("v1");
  MemoryProbe probe(response.token().value().data(), LongValue().size());
  const TokenFrame frame = FrameAndWipe(response);
  EXPECT_EQ(probe.Read(), std::string(LongValue().size(), '\0'));
  api::GetTokenResponse sent;
  ASSERT_TRUE(sent.ParseFromString(frame->substr(rpc::kFramePrefixSize)));
  EXPECT_EQ(sent.token().value(), LongValue());
  EXPECT_EQ(sent.token().version(), "v1");
}

TEST(FrameAndWipe, TakesAMessageWithoutAToken) {
  api::WatchTokenResponse response;
  response.mutable_credential()->set_name("default");
  const TokenFrame frame = FrameAndWipe(response);
  api::WatchTokenResponse sent;
  ASSERT_TRUE(sent.ParseFromString(frame->substr(rpc::kFramePrefixSize)));
  EXPECT_FALSE(sent.has_token());
  EXPECT_EQ(sent.credential().name(), "default");
}

}  // namespace
}  // namespace credential_broker::service
