#include "sandbox/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace credential_broker::sandbox {
namespace {

using ::testing::HasSubstr;

TEST(Listener, TellsThePortThatItGot) {
  const auto listener = Listener::Bind("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_GT((*listener)->port(), 0);
  EXPECT_EQ((*listener)->host(), "127.0.0.1");
}

TEST(Listener, SaysDistinctlyThatAPortIsTaken) {
  const auto first = Listener::Bind("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const std::string address = HostPort("127.0.0.1", (*first)->port());
  const auto second = Listener::Bind(address);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(address));
}

TEST(Listener, RefusesWhatIsNoAddress) {
  for (const char* address :
       {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1:65536",
        ":8443", "::1:8443", "[::1:8443", "[]:1", "192.0.2.1:0"}) {
    EXPECT_EQ(Listener::Bind(address).status().code(), absl::StatusCode::kInvalidArgument)
        << address;
  }
}

TEST(Listener, WakeEndsAccept) {
  const auto listener = Listener::Bind("127.0.0.1:0");
  ASSERT_TRUE(listener.ok());
  std::thread acceptor([&] { EXPECT_FALSE((*listener)->Accept().valid()); });
  (*listener)->Wake();
  acceptor.join();
  EXPECT_FALSE((*listener)->Accept().valid());
}

TEST(HostPort, PutsV6InBrackets) {
  EXPECT_EQ(HostPort("localhost", 1), "localhost:1");
  EXPECT_EQ(HostPort("::1", 8443), "[::1]:8443");
}

}  // namespace
}  // namespace credential_broker::sandbox
