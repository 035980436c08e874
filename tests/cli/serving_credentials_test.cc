#include "cli/serving_credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "support/test_folder.h"

namespace credential_broker::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Not;
using ::testing::StartsWith;

// Records what it is told, as "replaced: a b; removed: c" or "a: unavailable".
class Recorder : public CredentialObserver {
 public:
  void OnTokenObtained(std::string_view, std::string_view, const Token&, absl::Duration) override {}
  void OnUpstreamFailed(std::string_view, std::string_view, const AttemptFailure&, absl::Duration,
                        absl::Duration) override {}
  void OnStateChanged(std::string_view credential, CredentialState state) override {
    Add(StrCat(credential, ": ", CredentialStateName(state)));
  }
  void OnReplaced(const std::vector<std::string>& started,
                  const std::vector<std::string>& removed) override {
    Add(StrCat("replaced: ", absl::StrJoin(started, " "),
               "; removed: ", absl::StrJoin(removed, " ")));
  }

  // Waits until `event` has been recorded; returns all events so far.
  std::vector<std::string> Await(const std::string& event) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const MutexLock lock(mutex_);
    while (std::find(events_.begin(), events_.end(), event) == events_.end() &&
           came_.wait_until(mutex_, patience) != std::cv_status::timeout) {
    }
    EXPECT_THAT(events_, Contains(event));
    return events_;
  }
  void Clear() {
    const MutexLock lock(mutex_);
    events_.clear();
  }

 private:
  void Add(std::string event) {
    const MutexLock lock(mutex_);
    events_.push_back(std::move(event));
    came_.notify_all();
  }

  Mutex mutex_;
  std::condition_variable_any came_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
};

class ServingCredentialsTest : public ::testing::Test {
 protected:
  // Of an account that `id` names, at an address where nothing listens.
  config::CredentialConfig Credential(const std::string& name, const std::string& id) const {
    config::CredentialConfig credential;
    credential.name = name;
    credential.base_url = "https://127.0.0.1:1";
    credential.login.id_file = folder_.Write(StrCat("id-", id), id);
    credential.login.secret_file = folder_.Write("secret", "secret");
    return credential;
  }
  void Apply(const std::vector<config::CredentialConfig>& credentials) {
    absl::StatusOr<ServingCredentials::Change> change = serving_.Prepare(credentials);
    ASSERT_TRUE(change.ok()) << change.status();
    serving_.Commit(*std::move(change));
  }

  const TestFolder folder_;
  Recorder recorder_;
  ServingCredentials serving_{recorder_};
};

TEST_F(ServingCredentialsTest, ReportsAReplacementBetweenTheOldCredentialsAndTheNew) {
  Apply({Credential("same", "1"), Credential("other-account", "1"), Credential("gone", "1")});
  for (const char* name : {"same", "other-account", "gone"}) {
    EXPECT_EQ(recorder_.Await(StrCat(name, ": unavailable")).front(),
              "replaced: same other-account gone; removed: ");
  }
  recorder_.Clear();

  Apply({Credential("same", "1"), Credential("other-account", "2"), Credential("new", "1")});
  recorder_.Await("new: unavailable");
  const std::vector<std::string> events = recorder_.Await("other-account: unavailable");
  const auto replaced =
      std::find(events.begin(), events.end(), "replaced: other-account new; removed: gone");
  ASSERT_NE(replaced, events.end());
  EXPECT_THAT(std::vector(events.begin(), replaced), Each(Not(StartsWith("new"))));
  EXPECT_THAT(std::vector(replaced + 1, events.end()),
              AllOf(Contains("other-account: pending"), Contains("new: pending"),
                    Each(Not(StartsWith("gone")))));
}

}  // namespace
}  // namespace credential_broker::cli
