#include "h2/acceptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <string>

#include "absl/time/clock.h"
#include "h2/test_application.h"

namespace credential_broker::h2 {
namespace {

// Leaves this process no descriptor while it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    // The lowest that is free is the limit: none can be had.
    int free = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
    ::close(free);
    rlimit none{static_cast<rlim_t>(free), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST(Acceptor, PausesWhenDescriptorsRunOutAndComesBack) {
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
    NoDescriptors none;
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
    // It does not spin, and the connection that is open is served.
    absl::Time end = absl::Now() + absl::Seconds(20);
    while (server->counters().accept_pauses.value() < 2 && absl::Now() < end) {
      ASSERT_EQ(before->Call("/").Get(":status"), "200");
    }
    EXPECT_EQ(server->counters().accept_pauses.value(), 2U);
    EXPECT_EQ(server->counters().connections_accepted.value(), 1U);
  }
  std::string hello = H2Hello();
  ASSERT_EQ(::send(client.get(), hello.data(), hello.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(hello.size()));
  char settings[9];
  EXPECT_EQ(::recv(client.get(), settings, sizeof(settings), MSG_WAITALL), 9);
  EXPECT_EQ(ConnectTo(*server)->Call("/").Get(":status"), "200");
}

}  // namespace
}  // namespace credential_broker::h2
