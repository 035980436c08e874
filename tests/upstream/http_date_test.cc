#include "upstream/http_date.h"

#include <gtest/gtest.h>

#include <string>

namespace credential_broker::upstream {
namespace {

// The instant of RFC 9110's own examples.
constexpr int kExample = 784'111'777;

TEST(HttpDate, HasThreeForms) {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov  6 08:49:37 1994"}) {
    const std::optional<absl::Time> time = ParseHttpDate(text);
    ASSERT_TRUE(time.has_value()) << text;
    EXPECT_EQ(*time, absl::FromUnixSeconds(kExample)) << text;
  }
}

TEST(HttpDate, AllElseIsNone) {
  for (const char* text : {"", " ", "now", "784111777", "1994-11-06T08:49:37Z", "infinite-future",
                           "Infinite-future", "Sun, 06 Nov 1994 08:49:37 CET",
                           "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 32 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(ParseHttpDate(text).has_value()) << text;
  }
}

struct Wait {
  const char* text;
  absl::Duration wait;
};

TEST(RetryAfter, IsSecondsOrADateByTheServersClock) {
  const absl::Time server_now = absl::FromUnixSeconds(kExample) - absl::Seconds(90);
  for (const Wait& wait : {
           Wait{"0", absl::ZeroDuration()},
           Wait{"120", absl::Minutes(2)},
           Wait{" 7 ", absl::Seconds(7)},
           Wait{"Sun, 06 Nov 1994 08:49:37 GMT", absl::Seconds(90)},
           Wait{"Sun, 06 Nov 1994 08:40:00 GMT", absl::ZeroDuration()},
           Wait{"86401", absl::Hours(24)},
           Wait{"99999999999999999999999999", absl::Hours(24)},
           Wait{"Sun, 06 Nov 2094 08:49:37 GMT", absl::Hours(24)},
       }) {
    const std::optional<absl::Duration> parsed = ParseRetryAfter(wait.text, server_now);
    ASSERT_TRUE(parsed.has_value()) << wait.text;
    EXPECT_EQ(*parsed, wait.wait) << wait.text;
  }
}

TEST(RetryAfter, AllElseIsNone) {
  for (const char* text : {"", "-5", "1.5", "soon", "5s", "+5", "inf"}) {
    EXPECT_FALSE(ParseRetryAfter(text, absl::UnixEpoch()).has_value()) << text;
  }
}

}  // namespace
}  // namespace credential_broker::upstream
