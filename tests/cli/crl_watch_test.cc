#include "cli/crl_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/clock.h"

namespace credential_broker::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::Time Begin() { return absl::FromUnixSeconds(1'800'000'000); }

TEST(CrlAge, IsSoonToExpireInTheLastTenthOfItsLifeAndAtMostADayBefore) {
  h2::ClientTrustReport::Crl crl = {Begin(), Begin() + absl::Hours(1)};
  EXPECT_EQ(CrlAgeAt(crl, Begin() + absl::Minutes(53)), CrlAge::kFresh);
  EXPECT_EQ(CrlAgeAt(crl, Begin() + absl::Minutes(54)), CrlAge::kExpiresSoon);
  EXPECT_EQ(CrlAgeAt(crl, Begin() + absl::Minutes(60)), CrlAge::kExpired);
  crl.expires_at = Begin() + absl::Hours(24 * 365);
  EXPECT_EQ(CrlAgeAt(crl, Begin() + absl::Hours(24 * 364 - 1)), CrlAge::kFresh);
  EXPECT_EQ(CrlAgeAt(crl, Begin() + absl::Hours(24 * 364)), CrlAge::kExpiresSoon);
}

class CrlWatchTest : public testing::Test {
 protected:
  // The lines logged by a look at that time.
  std::vector<std::string> Look(absl::Time now) {
    lines_.clear();
    watch_.Look("grpc", report_, now);
    return lines_;
  }

  std::vector<std::string> lines_;
  observe::Logger log_{
      {}, SystemClock(), [this](std::string_view line) { lines_.emplace_back(line); }};
  CrlWatch watch_{log_};
  h2::ClientTrustReport report_;
};

TEST_F(CrlWatchTest, LogsEachCrlOnceAsItGetsOld) {
  report_.crls["CN = first"] = {Begin(), Begin() + absl::Hours(1)};
  report_.crls["CN = second"] = {Begin(), Begin() + absl::Hours(2)};
  EXPECT_THAT(Look(Begin()), IsEmpty());
  const absl::Time soon = Begin() + absl::Minutes(55);
  EXPECT_THAT(Look(soon),
              ElementsAre(AllOf(HasSubstr("crl_expires_soon"), HasSubstr("CN = first"))));
  EXPECT_THAT(Look(soon), IsEmpty());
  const absl::Time later = Begin() + absl::Minutes(110);
  EXPECT_THAT(Look(later),
              ElementsAre(AllOf(HasSubstr("crl_expired"), HasSubstr("CN = first")),
                          AllOf(HasSubstr("crl_expires_soon"), HasSubstr("CN = second"))))
      << "one that is left expired hides no other";
  EXPECT_THAT(Look(later), IsEmpty());
}

TEST_F(CrlWatchTest, LogsACrlThatIsPublishedAnewWhenThatOneGetsOld) {
  report_.crls["CN = first"] = {Begin(), Begin() + absl::Hours(1)};
  const absl::Time soon = Begin() + absl::Minutes(55);
  EXPECT_THAT(Look(soon), ElementsAre(HasSubstr("crl_expires_soon")));
  report_.crls["CN = first"] = {soon, soon + absl::Hours(1)};
  EXPECT_THAT(Look(soon), IsEmpty());
  EXPECT_THAT(Look(soon + absl::Minutes(55)), ElementsAre(HasSubstr("crl_expires_soon")));
}

TEST_F(CrlWatchTest, LogsCasWithoutACrlOnceUntilTheyChange) {
  report_.authorities_without_crl = {"CN = first"};
  EXPECT_THAT(Look(Begin()),
              ElementsAre(AllOf(HasSubstr("client_ca_without_crl"), HasSubstr("CN = first"))));
  EXPECT_THAT(Look(Begin()), IsEmpty());
  report_.authorities_without_crl = {"CN = first", "CN = second"};
  EXPECT_THAT(Look(Begin()), ElementsAre(HasSubstr("CN = first; CN = second")));
}

}  // namespace
}  // namespace credential_broker::cli
