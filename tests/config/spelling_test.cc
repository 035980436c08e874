#include "config/spelling.h"

#include <optional>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace credential_broker::config {
namespace {

const std::set<std::string>& Known() {
  static const auto* const known =
      new std::set<std::string>{"listen", "max_connections", "max_wait", "refresh_at", "tls"};
  return *known;
}

TEST(NearestWord, FindsWhatWasMeant) {
  EXPECT_EQ(NearestWord("lisen", Known()), "listen");
  EXPECT_EQ(NearestWord("Listen", Known()), "listen");
  EXPECT_EQ(NearestWord("max-wait", Known()), "max_wait");
  EXPECT_EQ(NearestWord("maxWait", Known()), "max_wait");
  EXPECT_EQ(NearestWord("refresh", Known()), "refresh_at");
  EXPECT_EQ(NearestWord("max", Known()), "max_wait");
  EXPECT_EQ(NearestWord("refreshat", Known()), "refresh_at");
  EXPECT_EQ(NearestWord("ssl", Known()), std::nullopt);
  EXPECT_EQ(NearestWord("t", Known()), std::nullopt);
  EXPECT_EQ(NearestWord("ma", Known()), std::nullopt);
  EXPECT_EQ(NearestWord("", Known()), std::nullopt);
  EXPECT_EQ(NearestWord("listen", {}), std::nullopt);
}

TEST(NearestWord, DoesNotCompareWhatIsLongerThanAnyKey) {
  EXPECT_EQ(NearestWord(std::string(1'000'000, 'a'), Known()), std::nullopt);
}

}  // namespace
}  // namespace credential_broker::config
