#include "config/listen_address.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::config {
namespace {

using ::testing::HasSubstr;

std::string AddressError(const std::string& address) {
  const absl::StatusOr<Reach> reach = CheckListenAddress(address);
  return reach.ok() ? "OK" : std::string(reach.status().message());
}

TEST(CheckListenAddress, KnowsWhoCanReachIt) {
  for (const char* address :
       {"127.0.0.1:8443", "127.255.255.254:0", "[::1]:1", "localhost:65535", "unix:/run/b.sock"}) {
    const absl::StatusOr<Reach> reach = CheckListenAddress(address);
    ASSERT_TRUE(reach.ok()) << address << reach.status();
    EXPECT_EQ(*reach, Reach::kThisMachine) << address;
  }
  for (const char* address :
       {"0.0.0.0:8443", "[::]:8443", "10.0.0.1:1", "broker.internal:443", "128.0.0.1:1",
        "[::ffff:127.0.0.1]:1", "localhost.evil:1", "127.0.0.1.evil:1"}) {
    const absl::StatusOr<Reach> reach = CheckListenAddress(address);
    ASSERT_TRUE(reach.ok()) << address << reach.status();
    EXPECT_EQ(*reach, Reach::kNetwork) << address;
  }
}

TEST(CheckListenAddress, TellsTheMend) {
  EXPECT_THAT(AddressError(""), HasSubstr("has no port"));
  EXPECT_THAT(AddressError("8443"), HasSubstr("has no port"));
  EXPECT_THAT(AddressError("[::1]"), HasSubstr("has no port"));
  EXPECT_THAT(AddressError(":8443"), HasSubstr("write 0.0.0.0 or [::] before the colon"));
  EXPECT_THAT(AddressError("::1:8443"), HasSubstr("write [::1]:8443"));
  EXPECT_THAT(AddressError("*:8443"), HasSubstr("neither an address nor a name"));
  EXPECT_THAT(AddressError("1.2.3:8443"), HasSubstr("neither an address nor a name"));
  EXPECT_THAT(AddressError("[127.0.0.1]:8443"), HasSubstr("neither an address nor a name"));
  EXPECT_THAT(AddressError("[::1]x:8443"), HasSubstr("has no port"));
  EXPECT_THAT(AddressError("https://host:8443"), HasSubstr("write [::1]:8443"));
  EXPECT_THAT(AddressError("host:"), HasSubstr("a number from 0 to 65535"));
  EXPECT_THAT(AddressError("host:65536"), HasSubstr("a number from 0 to 65535"));
  EXPECT_THAT(AddressError("host:-1"), HasSubstr("a number from 0 to 65535"));
  EXPECT_THAT(AddressError("host:http"), HasSubstr("a number from 0 to 65535"));
  EXPECT_THAT(AddressError("unix:run/b.sock"), HasSubstr("must be absolute"));
  EXPECT_THAT(AddressError("unix:"), HasSubstr("must be absolute"));
  EXPECT_THAT(AddressError("unix:/" + std::string(107, 'a')), HasSubstr("below 108 bytes"));
  EXPECT_EQ(AddressError("unix:/" + std::string(106, 'a')), "OK");
  EXPECT_THAT(AddressError(std::string("[::1\0]:1", 8)),
              HasSubstr("neither an address nor a name"));
}

}  // namespace
}  // namespace credential_broker::config
