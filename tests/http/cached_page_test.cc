#include "http/cached_page.h"

#include <stdexcept>
#include <string>

#include "gtest/gtest.h"
#include "support/fake_clock.h"

namespace credential_broker::http {
namespace {

TEST(CachedPage, IsMadeOncePerPeriod) {
  FakeClock clock;
  int made = 0;
  const Page page = CachedPage([&made] { return Text(200, std::to_string(++made)); },
                               absl::Milliseconds(100), clock);
  EXPECT_EQ(page().body, "1\n");
  clock.Advance(absl::Milliseconds(99));
  const Page copy = page;
  EXPECT_EQ(copy().body, "1\n");
  EXPECT_EQ(page().body, "1\n");
  clock.Advance(absl::Milliseconds(1));
  EXPECT_EQ(page().body, "2\n");
  EXPECT_EQ(copy().body, "2\n");
  EXPECT_EQ(made, 2);
}

TEST(CachedPage, IsMadeAgainAfterAFailure) {
  const FakeClock clock;
  int made = 0;
  const Page page = CachedPage(
      [&made] {
        if (++made == 1) {
          throw std::runtime_error("no memory");
        }
        return Text(200, "here");
      },
      absl::Milliseconds(100), clock);
  EXPECT_THROW(page(), std::runtime_error);
  EXPECT_EQ(page().body, "here\n");
}

}  // namespace
}  // namespace credential_broker::http
