#include "h2/acceptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "h2/test_application.h"

namespace credential_broker::h2 {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

// Leaves this process `count` descriptors while it lives.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t count) {
    getrlimit(RLIMIT_NOFILE, &before_);
    // The limit is the lowest number that cannot be had.
    int free = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
    ::close(free);
    rlimit few{static_cast<rlim_t>(free) + count, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

class AcceptorTest : public ::testing::TestWithParam<rlim_t> {};

// With none, and with a few, which are the rest of the process's.
TEST_P(AcceptorTest, PausesWhenDescriptorsRunOutAndComesBack) {
  EchoApplication application;
  auto server = StartServer(application);
  auto before = ConnectTo(*server);
  ASSERT_EQ(before->Call("/").Get(":status"), "200");

  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const std::string& address = server->address();
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  {
    FewDescriptors few(GetParam());
    // Before the client connects: the first pause may come before `connect` returns here.
    const auto start = steady_clock::now();
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
    // It does not spin, and the connection that is open is served.
    while (server->counters().accept_pauses.value() < 2 && steady_clock::now() - start < 20s) {
      ASSERT_EQ(before->Call("/").Get(":status"), "200");
    }
    const std::uint64_t pauses = server->counters().accept_pauses.value();
    EXPECT_GE(pauses, 2U);
    // One at once, the others each 100 ms after the one before.
    EXPECT_LE(pauses, 1U + static_cast<std::uint64_t>((steady_clock::now() - start) / 100ms));
    EXPECT_EQ(server->counters().connections_accepted.value(), 1U);
  }
  std::string hello = H2Hello();
  ASSERT_EQ(::send(client.get(), hello.data(), hello.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(hello.size()));
  char settings[9];
  EXPECT_EQ(::recv(client.get(), settings, sizeof(settings), MSG_WAITALL), 9);
  EXPECT_EQ(ConnectTo(*server)->Call("/").Get(":status"), "200");
}

INSTANTIATE_TEST_SUITE_P(Left, AcceptorTest, ::testing::Values(0, 2));

}  // namespace
}  // namespace credential_broker::h2
