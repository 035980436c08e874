#include "h2/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include "support/ipv6.h"
#include "support/test_folder.h"

#include "h2/test_application.h"

namespace credential_broker::h2 {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A path in a directory of the test's own.
std::string TestPath(const std::string& name) {
  static const TestFolder folder;
  chmod(folder.path().c_str(), 0755);
  return folder.Path(name);
}

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
  if (HasIpv6Loopback()) {
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_THAT(listener->address, StartsWith("[::1]:"));
  } else {
    EXPECT_THAT(listener.status().ToString(), HasSubstr("[::1]:0"));
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

std::string FolderOfMode(const std::string& name, mode_t mode) {
  const std::string path = TestPath(name);
  std::filesystem::remove_all(path);
  mkdir(path.c_str(), 0700);
  chmod(path.c_str(), mode);
  return path;
}

TEST(Listener, UnixSocketHasItsWholeModeWhateverTheUmask) {
  const std::string path = FolderOfMode("umask", 0755) + "/x.sock";
  const mode_t before = umask(0077);
  const auto listener = Listen(UnixAddress{path}, 1, 0666);
  umask(before);
  ASSERT_TRUE(listener.ok()) << listener.status();
  struct stat status {};
  ASSERT_EQ(lstat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0666U);
}

// A Kubernetes emptyDir has mode 0777.
TEST(Listener, AFolderMayBeWritableByOthers) {
  for (mode_t mode : {0777U, 0775U, 0700U}) {
    const std::string folder = FolderOfMode("open", mode);
    EXPECT_TRUE(Listen(UnixAddress{folder + "/x.sock"}, 1, 0600).ok()) << std::oct << mode;
  }
}

// A link that waits under the temporary name, and one under the socket's own.
TEST(Listener, FollowsNoLink) {
  const std::string folder = FolderOfMode("links", 0755);
  const std::string precious = folder + "/precious";
  std::ofstream(precious) << "precious";
  chmod(precious.c_str(), 0600);
  ASSERT_EQ(symlink(precious.c_str(), (folder + "/x.sock.new").c_str()), 0);
  {
    const auto listener = Listen(UnixAddress{folder + "/x.sock"}, 1, 0666);
    ASSERT_TRUE(listener.ok()) << listener.status();
    struct stat status {};
    ASSERT_EQ(lstat(precious.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
  }
  ASSERT_EQ(symlink(precious.c_str(), (folder + "/y.sock").c_str()), 0);
  EXPECT_EQ(Listen(UnixAddress{folder + "/y.sock"}, 1, 0666).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST(Listener, ASocketThatItMayNotConnectToIsNotFree) {
  const std::string folder = FolderOfMode("denied", 0755);
  const std::string path = folder + "/x.sock";
  const auto living = Listen(UnixAddress{path}, 1, 0000);
  ASSERT_TRUE(living.ok()) << living.status();
  // Root may connect to anything.
  constexpr uid_t kNobody = 65534;
  const bool is_root = geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(chown(folder.c_str(), kNobody, static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(seteuid(kNobody), 0);
  }
  const auto second = Listen(UnixAddress{path}, 1, 0600);
  if (is_root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(second.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(second.status().ToString(), HasSubstr("remove the socket if it does not"));
  EXPECT_TRUE(std::filesystem::exists(path));
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
