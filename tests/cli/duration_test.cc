#include "cli/duration.h"

#include <gtest/gtest.h>

namespace credential_broker::cli {
namespace {

TEST(ShortDuration, HasTwoUnitsAtMost) {
  EXPECT_EQ(ShortDuration(absl::Seconds(0)), "0s");
  EXPECT_EQ(ShortDuration(absl::Milliseconds(45'900)), "45s");
  EXPECT_EQ(ShortDuration(absl::Seconds(238)), "3m58s");
  EXPECT_EQ(ShortDuration(absl::Minutes(125)), "2h5m");
  EXPECT_EQ(ShortDuration(absl::Hours(76)), "3d4h");
  EXPECT_EQ(ShortDuration(-absl::Seconds(5)), "0s");
}

}  // namespace
}  // namespace credential_broker::cli
