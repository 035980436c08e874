#include "observe/denial_log.h"

#include <string>
#include <vector>

#include "base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "observe/fake_log.h"

namespace credential_broker::observe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr Denial kDenial = {"dns:a", "192.0.2.1", "default", Reason::kCallerNotAllowed};

class DenialLogTest : public ::testing::Test {
 protected:
  // The lines since the last time.
  std::vector<std::string> NewLines() {
    const std::vector<std::string> all = log_.Lines();
    std::vector<std::string> fresh(all.begin() + static_cast<std::ptrdiff_t>(seen_), all.end());
    seen_ = all.size();
    return fresh;
  }

  FakeLog log_;
  DenialLog denials_{log_.logger()};
  std::size_t seen_ = 0;
};

TEST_F(DenialLogTest, TellsTheFirstAtOnceAndTheRestByCount) {
  for (int i = 0; i < 1000; ++i) {
    denials_.Add(kDenial);
  }
  EXPECT_THAT(NewLines(), ElementsAre(AllOf(HasSubstr("caller_denied"), HasSubstr("dns:a"),
                                            Not(HasSubstr("count")))));
  denials_.Flush();
  EXPECT_THAT(NewLines(),
              ElementsAre(AllOf(HasSubstr(R"("principal":"dns:a","peer":"192.0.2.1")"),
                                HasSubstr(R"("credential":"default")"),
                                HasSubstr(R"("reason":"CALLER_NOT_ALLOWED","count":999})"))));
  EXPECT_THAT(denials_.counts(), ElementsAre(Pair(Reason::kCallerNotAllowed, 1000)));
}

TEST_F(DenialLogTest, WritesALineAPeriodWhileTheFloodLasts) {
  denials_.Add(kDenial);
  for (int period = 0; period < 3; ++period) {
    denials_.Add(kDenial);
    denials_.Add(kDenial);
    denials_.Flush();
  }
  const std::vector<std::string> lines = NewLines();
  ASSERT_THAT(lines, SizeIs(4));
  EXPECT_THAT(lines[3], HasSubstr("\"count\":2}"));
}

TEST_F(DenialLogTest, TellsAtOnceAgainAfterAQuietPeriod) {
  denials_.Add(kDenial);
  denials_.Add(kDenial);
  denials_.Flush();
  denials_.Flush();
  NewLines();
  denials_.Add(kDenial);
  EXPECT_THAT(NewLines(), ElementsAre(Not(HasSubstr("count"))));
}

TEST_F(DenialLogTest, TellsCallersApartByEachPart) {
  denials_.Add(kDenial);
  denials_.Add({"dns:b", "192.0.2.1", "default", Reason::kCallerNotAllowed});
  denials_.Add({"dns:a", "192.0.2.2", "default", Reason::kCallerNotAllowed});
  denials_.Add({"dns:a", "192.0.2.1", "other", Reason::kCallerNotAllowed});
  denials_.Add({"dns:a", "192.0.2.1", "default", Reason::kCallerRateLimited});
  EXPECT_THAT(NewLines(), SizeIs(5));
}

TEST_F(DenialLogTest, CountsTheAddressesOfAnIpv6NetworkAsOneCaller) {
  for (std::size_t i = 0; i < 2 * DenialLog::kMostCallers; ++i) {
    const std::string host = StrCat("2001:db8::", i);
    denials_.Add({"", host, "", Reason::kCallerUnauthenticated});
  }
  EXPECT_THAT(NewLines(), ElementsAre(HasSubstr(R"("peer":"2001:db8::0")")));
  // There is room for others.
  denials_.Add({"", "2001:db8:0:1::1", "", Reason::kCallerUnauthenticated});
  EXPECT_THAT(NewLines(), ElementsAre(HasSubstr(R"("peer":"2001:db8:0:1::1")")));
  denials_.Flush();
  EXPECT_THAT(NewLines(), ElementsAre(AllOf(HasSubstr(R"("peer":"2001:db8::2047")"),
                                            HasSubstr("\"count\":2047}"))));
}

TEST_F(DenialLogTest, LetsNobodyFloodItWithEverNewNames) {
  for (int i = 0; i < 1000; ++i) {
    const std::string name = StrCat("name-", i);
    denials_.Add({"dns:a", "192.0.2.1", name, Reason::kCallerNotAllowed});
  }
  EXPECT_THAT(NewLines(), SizeIs(DenialLog::kMostOfOneCaller));
  // Another one's refusal is there all the same.
  denials_.Add({"dns:b", "192.0.2.1", "default", Reason::kCallerNotAllowed});
  EXPECT_THAT(NewLines(), ElementsAre(HasSubstr("dns:b")));
  denials_.Flush();
  EXPECT_THAT(NewLines(), ElementsAre(AllOf(HasSubstr("dns:a"), HasSubstr(R"("credential":"")"),
                                            HasSubstr("\"count\":984}"))));
}

TEST_F(DenialLogTest, SumsUpWhomItCannotRemember) {
  for (std::size_t i = 0; i < DenialLog::kMostCallers + 5; ++i) {
    const std::string principal = StrCat("dns:", i);
    denials_.Add({principal, "192.0.2.1", "default", Reason::kCallerNotAllowed});
  }
  EXPECT_THAT(NewLines(), SizeIs(DenialLog::kMostCallers));
  denials_.Flush();
  EXPECT_THAT(NewLines(),
              ElementsAre(AllOf(HasSubstr(R"("principal":"")"), HasSubstr("\"count\":5}"))));
  denials_.Flush();
  EXPECT_THAT(NewLines(), IsEmpty());
  denials_.Add({"dns:new", "192.0.2.1", "default", Reason::kCallerNotAllowed});
  EXPECT_THAT(NewLines(), ElementsAre(HasSubstr("dns:new")));
}

}  // namespace
}  // namespace credential_broker::observe
