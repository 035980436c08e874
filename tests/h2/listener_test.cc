#include "h2/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdio>
#include <cstring>
#include <fstream>

namespace credential_broker::h2 {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A path in a directory of the test's own.
std::string TestPath(const std::string& name) { return ::testing::TempDir() + "h2_" + name; }

std::uint16_t PortOf(const std::string& address) {
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

TEST(Listener, AnyPortIsTheSamePortForAllSockets) {
  auto listener = Listen(TcpAddress{"127.0.0.1", 0}, 3, 0);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_EQ(listener->sockets.size(), 3U);
  EXPECT_THAT(listener->address, StartsWith("127.0.0.1:"));
  for (const UniqueFd& fd : listener->sockets) {
    sockaddr_storage bound{};
    socklen_t size = sizeof(bound);
    ASSERT_EQ(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
    EXPECT_EQ(FormatAddress(bound), listener->address);
  }
}

TEST(Listener, TheKernelHoldsLittleForAPeerThatDoesNotRead) {
  auto listener = Listen(TcpAddress{"127.0.0.1", 0}, 2, 0);
  ASSERT_TRUE(listener.ok());
  for (const UniqueFd& fd : listener->sockets) {
    int size = 0;
    socklen_t length = sizeof(size);
    ASSERT_EQ(getsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &size, &length), 0);
    EXPECT_LE(size, 2 * 256 * 1024) << "the kernel doubles it for its own needs";
    EXPECT_GE(size, 128 * 1024);
  }
}

TEST(Listener, APortThatAnotherListenerHasIsTaken) {
  auto first = Listen(TcpAddress{"127.0.0.1", 0}, 2, 0);
  ASSERT_TRUE(first.ok());
  auto second = Listen(TcpAddress{"127.0.0.1", PortOf(first->address)}, 2, 0);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(second.status().ToString(), HasSubstr(first->address));
  EXPECT_THAT(second.status().ToString(), HasSubstr("choose another port"));
  std::uint16_t port = PortOf(first->address);
  first->sockets.clear();
  EXPECT_TRUE(Listen(TcpAddress{"127.0.0.1", port}, 2, 0).ok());
}

TEST(Listener, ErrorsSayWhatToDo) {
  EXPECT_THAT(Listen(TcpAddress{"192.0.2.77", 0}, 1, 0).status().ToString(),
              HasSubstr("this machine has no such address"));
  EXPECT_THAT(Listen(TcpAddress{"no.such.host.invalid", 0}, 1, 0).status().ToString(),
              HasSubstr("write a name that resolves"));
  EXPECT_THAT(Listen(UnixAddress{TestPath("none/x.sock")}, 1, 0600).status().ToString(),
              HasSubstr("make its directory first"));
}

TEST(Listener, ListensOnIpv6) {
  auto listener = Listen(TcpAddress{"::1", 0}, 2, 0);
  if (listener.ok()) {  // not everywhere
    EXPECT_THAT(listener->address, StartsWith("[::1]:"));
  }
}

TEST(Listener, UnixSocketHasItsModeAndGoesWithItsOwner) {
  std::string path = TestPath("mode.sock");
  {
    auto listener = Listen(UnixAddress{path}, 2, 0600);
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_EQ(listener->sockets.size(), 2U);
    struct stat status {};
    ASSERT_EQ(stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
  }
  struct stat status {};
  EXPECT_NE(stat(path.c_str(), &status), 0);
}

TEST(Listener, ReplacesTheSocketOfAProcessThatIsGone) {
  std::string path = TestPath("stale.sock");
  std::remove(path.c_str());
  UniqueFd stale(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof(name.sun_path) - 1);
  ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  stale.Reset();
  EXPECT_TRUE(Listen(UnixAddress{path}, 1, 0600).ok());
}

TEST(Listener, LeavesTheSocketOfALivingProcess) {
  std::string path = TestPath("living.sock");
  auto first = Listen(UnixAddress{path}, 1, 0600);
  ASSERT_TRUE(first.ok());
  auto second = Listen(UnixAddress{path}, 1, 0600);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
}

TEST(Listener, NeverTouchesAFileThatIsNoSocket) {
  std::string path = TestPath("precious");
  std::ofstream(path) << "precious";
  auto listener = Listen(UnixAddress{path}, 1, 0600);
  EXPECT_EQ(listener.status().code(), absl::StatusCode::kFailedPrecondition);
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "precious");
  std::remove(path.c_str());
}

TEST(Listener, LeavesASocketThatAnotherHasPutInItsPlace) {
  std::string path = TestPath("successor.sock");
  auto first = Listen(UnixAddress{path}, 1, 0600);
  ASSERT_TRUE(first.ok());
  std::remove(path.c_str());
  auto second = Listen(UnixAddress{path}, 1, 0600);
  ASSERT_TRUE(second.ok());
  first->file.Remove();
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
}

}  // namespace
}  // namespace credential_broker::h2
