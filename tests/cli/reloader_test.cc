#include "cli/reloader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "observe/log.h"
#include "support/fake_clock.h"
#include "support/test_folder.h"

namespace credential_broker::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

ConfigChange ChangeOf(const std::string& credential) {
  ConfigChange change;
  change.changed = {credential};
  return change;
}

// Takes or refuses as the test says, and counts.
class FakeReloadable : public Reloadable {
 public:
  absl::StatusOr<ConfigChange> Apply(const config::BrokerConfig&) override {
    const MutexLock lock(mutex_);
    if (!error_.ok()) {
      return error_;
    }
    return change_;
  }
  std::vector<std::string> OnFilesChanged(const std::vector<std::string>& files) override {
    return files.empty() ? std::vector<std::string>{} : std::vector<std::string>{"a"};
  }

  void Refuse(absl::Status error) {
    const MutexLock lock(mutex_);
    error_ = std::move(error);
  }
  // From now on it runs what the file says already.
  void ChangeNothing() {
    const MutexLock lock(mutex_);
    change_ = {};
  }

 private:
  Mutex mutex_;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  ConfigChange change_ ABSL_GUARDED_BY(mutex_) = ChangeOf("a");
};

class Results : public ReloadObserver {
 public:
  void OnReload(ReloadResult result) override {
    const MutexLock lock(mutex_);
    results_.emplace_back(ReloadResultName(result));
    came_.notify_all();
  }
  // Waits until `count` reloads have ended.
  std::vector<std::string> Await(std::size_t count) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const MutexLock lock(mutex_);
    while (results_.size() < count &&
           came_.wait_until(mutex_, patience) != std::cv_status::timeout) {
    }
    return results_;
  }

 private:
  Mutex mutex_;
  std::condition_variable_any came_;
  std::vector<std::string> results_ ABSL_GUARDED_BY(mutex_);
};

class ReloaderTest : public testing::Test {
 protected:
  ReloaderTest() {
    Write("info");
    config_ = *config::WatchedConfig::Start(Path(), {}, config::NoEnvironment(), [](const auto&) {},
                                            {.recheck = absl::Hours(1)});
    reloader_ = std::make_unique<Reloader>(inbox_, *config_, broker_, report_, *config_->Load());
    EXPECT_TRUE(reloader_->Start().ok());
  }
  ~ReloaderTest() override {
    reloader_->Stop();
    config_->Stop();
  }

  std::string Path() const { return folder_.Path("config.yaml"); }
  void Write(const std::string& level) const {
    std::ofstream(Path()) << "apiVersion: credentialbroker/v1\nkind: BrokerConfig\n"
                             "server: {listen: 127.0.0.1:0}\nlog: {level: "
                          << level
                          << "}\ncredentials:\n- name: a\n  base_url: https://localhost\n"
                             "  access_key_id_file: id\n  secret_access_key_file: secret\n";
  }
  // All that it has written, when the reloader has ended.
  std::string WholeLog() {
    reloader_->Stop();
    const MutexLock lock(mutex_);
    return log_text_;
  }

  const TestFolder folder_;
  FakeClock clock_;
  FakeReloadable broker_;
  Results results_;
  Mutex mutex_;
  std::string log_text_ ABSL_GUARDED_BY(mutex_);
  observe::Logger log_{{}, clock_, [this](std::string_view line) {
                         const MutexLock lock(mutex_);
                         log_text_ += line;
                       }};
  ReloadReport report_{log_, "info", &results_};
  ReloadInbox inbox_{clock_};
  std::unique_ptr<config::WatchedConfig> config_;
  std::unique_ptr<Reloader> reloader_;
};

TEST_F(ReloaderTest, ASignalIsAnsweredAtOnceAlsoByARefusal) {
  inbox_.Ask();
  EXPECT_THAT(results_.Await(1), ElementsAre("applied"));
  broker_.Refuse(absl::InvalidArgumentError("server.tls.key_file: of another certificate"));
  inbox_.Ask();
  EXPECT_THAT(results_.Await(2), ElementsAre("applied", "refused"));
  EXPECT_THAT(WholeLog(), HasSubstr("server.tls.key_file: of another certificate"));
}

TEST_F(ReloaderTest, WhatFilesSayIsRefusedOnlyAfterASecond) {
  broker_.Refuse(absl::InvalidArgumentError("half"));
  inbox_.FilesChanged({"/tls.crt"});
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(1)));
  EXPECT_THAT(results_.Await(0), ElementsAre());
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(results_.Await(1), ElementsAre("refused"));
}

TEST_F(ReloaderTest, TheOtherHalfInTimeMakesItNoError) {
  broker_.Refuse(absl::InvalidArgumentError("half"));
  inbox_.FilesChanged({"/tls.crt"});
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(1)));
  broker_.Refuse(absl::OkStatus());
  inbox_.FilesChanged({"/tls.key"});
  EXPECT_THAT(results_.Await(1), ElementsAre("applied"));
  EXPECT_TRUE(clock_.AwaitParked(BootTime::InfiniteFuture()));
}

TEST_F(ReloaderTest, FilesThatNeverRestDoNotPutARefusalOff) {
  broker_.Refuse(absl::InvalidArgumentError("half"));
  const BootTime refused_at = clock_.Now() + absl::Seconds(1);
  for (int i = 0; i < 10; ++i) {
    inbox_.FilesChanged({"/tls.crt"});
    ASSERT_TRUE(clock_.AwaitParked(refused_at));
    clock_.Advance(absl::Milliseconds(100));
  }
  EXPECT_THAT(results_.Await(1), ElementsAre("refused"));
}

TEST_F(ReloaderTest, TheSameMistakeIsToldAgainOnlyToWhoAsks) {
  broker_.Refuse(absl::InvalidArgumentError("wrong"));
  inbox_.Ask();
  EXPECT_THAT(results_.Await(1), ElementsAre("refused"));
  const int parks = clock_.parks();
  inbox_.FilesChanged({"/tls.crt"});
  ASSERT_TRUE(clock_.AwaitParkAfter(parks));
  clock_.Advance(absl::Seconds(10));
  inbox_.Ask();
  EXPECT_THAT(results_.Await(2), ElementsAre("refused", "refused"));
  broker_.Refuse(absl::InvalidArgumentError("wrong in another way"));
  inbox_.FilesChanged({"/tls.crt"});
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Seconds(1)));
  clock_.Advance(absl::Seconds(1));
  EXPECT_THAT(results_.Await(3), ElementsAre("refused", "refused", "refused"));
}

TEST_F(ReloaderTest, WhatIsRefusedIsTriedAgainEachMinute) {
  broker_.Refuse(absl::InvalidArgumentError("not valid yet"));
  inbox_.Ask();
  EXPECT_THAT(results_.Await(1), ElementsAre("refused"));
  for (int minute = 0; minute < 3; ++minute) {
    const BootTime retry = clock_.Now() + absl::Minutes(1);
    ASSERT_TRUE(clock_.AwaitParked(retry));
    clock_.Advance(absl::Minutes(1));
  }
  ASSERT_TRUE(clock_.AwaitParked(clock_.Now() + absl::Minutes(1)));
  EXPECT_THAT(results_.Await(1), ElementsAre("refused")) << "it is reported once";
  broker_.Refuse(absl::OkStatus());
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(results_.Await(2), ElementsAre("refused", "applied"));
  EXPECT_TRUE(clock_.AwaitParked(BootTime::InfiniteFuture()));
}

TEST_F(ReloaderTest, AFileThatIsFixedIsReportedEvenIfNothingChanges) {
  broker_.ChangeNothing();
  const int parks = clock_.parks();
  inbox_.FilesChanged({"/config.yaml"});
  ASSERT_TRUE(clock_.AwaitParkAfter(parks));
  EXPECT_THAT(results_.Await(0), ElementsAre()) << "nothing changed and nothing was wrong";
  broker_.Refuse(absl::InvalidArgumentError("wrong"));
  inbox_.Ask();
  EXPECT_THAT(results_.Await(1), ElementsAre("refused"));
  broker_.Refuse(absl::OkStatus());
  inbox_.FilesChanged({"/config.yaml"});
  EXPECT_THAT(results_.Await(2), ElementsAre("refused", "unchanged"));
  EXPECT_THAT(WholeLog(), HasSubstr("config_reloaded"));
}

TEST_F(ReloaderTest, ALogThatFallsSilentSaysSoBefore) {
  Write("error");
  inbox_.Ask();
  EXPECT_THAT(results_.Await(1), ElementsAre("applied"));
  EXPECT_THAT(WholeLog(), HasSubstr(R"("changed":"credentials, log.level")"));
  log_.Warn("not_heard");
  EXPECT_THAT(WholeLog(), Not(HasSubstr("not_heard")));
}

TEST_F(ReloaderTest, StopWaitsForNobody) {
  reloader_->Stop();
  inbox_.Ask();
  EXPECT_THAT(results_.Await(0), ElementsAre());
}

}  // namespace
}  // namespace credential_broker::cli
