#include "observe/audit.h"

#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "observe/fake_log.h"

namespace credential_broker::observe {
namespace {

using ::testing::HasSubstr;

TEST(AuditLog, TellsTheFirstTimeThatACallerGetsAVersion) {
  FakeLog log;
  AuditLog audit(log.logger());
  for (int i = 0; i < 3; ++i) {
    audit.TokenIssued("spiffe://prod/a", "192.0.2.1:50123", "default", "01HV");
  }
  EXPECT_EQ(log.Only(), R"("level":"info","event":"token_issued","principal":"spiffe://prod/a",)"
                        R"("peer":"192.0.2.1","credential":"default","version":"01HV"})");
}

TEST(AuditLog, KnowsAPeerByItsAddressNotItsPort) {
  FakeLog log;
  AuditLog audit(log.logger());
  audit.TokenIssued("p", "[2001:db8::1]:1", "c", "v");
  audit.TokenIssued("p", "[2001:db8::1]:2", "c", "v");
  EXPECT_THAT(log.Only(), HasSubstr(R"("peer":"2001:db8::1")"));
  audit.TokenIssued("p", "[2001:db8::2]:2", "c", "v");
  audit.TokenIssued("p", "unix", "c", "v");
  audit.TokenIssued("p", "unix", "c", "v");
  audit.TokenIssued("p", "", "c", "v");
  audit.TokenIssued("p", "[", "c", "v");
  const std::vector<std::string> lines = log.Lines();
  ASSERT_EQ(lines.size(), 4U);  // "" and "[" are both no address
  EXPECT_THAT(lines[2], HasSubstr(R"("peer":"unix")"));
  EXPECT_THAT(lines[3], HasSubstr(R"("peer":"")"));
}

TEST(AuditLog, TellsOfDenialsAndCountsThoseLikeIt) {
  FakeLog log;
  AuditLog audit(log.logger());
  audit.CallerDenied("dns:a", "192.0.2.1:1", "default", Reason::kCallerNotAllowed);
  EXPECT_EQ(log.Only(),
            R"("level":"info","event":"caller_denied","principal":"dns:a","peer":"192.0.2.1",)"
            R"("credential":"default","reason":"CALLER_NOT_ALLOWED"})");
  audit.CallerDenied("dns:a", "192.0.2.1:1", "default", Reason::kCallerNotAllowed);
  EXPECT_EQ(log.Lines().size(), 1U);
  audit.denials().Flush();
  EXPECT_EQ(log.Lines().size(), 2U);
}

TEST(AuditLog, CountsWhatIsServed) {
  FakeLog log;
  AuditLog audit(log.logger());
  audit.TokenIssued("dns:a", "192.0.2.1:1", "default", "v1");
  audit.TokenIssued("dns:a", "192.0.2.1:2", "default", "v1");
  EXPECT_EQ(audit.issued().ServedByCredential(),
            (std::map<std::string, std::uint64_t>{{"default", 2}}));
}

TEST(AuditLog, IsWrittenAtEveryLevel) {
  FakeLog log({LogLevel::kError, LogFormat::kJson});
  AuditLog audit(log.logger());
  audit.TokenIssued("p", "unix", "c", "v");
  audit.CallerDenied("", "unix", "", Reason::kCallerUnauthenticated);
  EXPECT_EQ(log.Lines().size(), 2U);
}

TEST(AuditLog, WritesEveryRefreshOfAnOperator) {
  FakeLog log;
  AuditLog audit(log.logger());
  audit.AdminRefresh("unix:uid:0", "default", "OK");
  audit.AdminRefresh("unix:uid:0", "default", "REFRESH_COOLDOWN");
  ASSERT_EQ(log.Lines().size(), 2U);
  EXPECT_NE(log.Lines()[1].find(R"("event":"admin_refresh","principal":"unix:uid:0",)"
                                R"("credential":"default","result":"REFRESH_COOLDOWN")"),
            std::string::npos)
      << log.Lines()[1];
}

TEST(AuditLog, WritesALineForEachCallerOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kCallers = 50;
  constexpr int kCalls = 20;
  FakeLog log;
  AuditLog audit(log.logger());
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&audit] {
      for (int i = 0; i < kCallers * kCalls; ++i) {
        audit.TokenIssued(StrCat("dns:", i % kCallers), "unix", "c", "v");
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(log.Lines().size(), std::size_t{kCallers});
}

}  // namespace
}  // namespace credential_broker::observe
