#include "config/watched_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "support/test_folder.h"

namespace credential_broker::config {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class WatchedConfigTest : public testing::Test {
 protected:
  WatchedConfigTest() {
    Write("config.yaml", Text("id"));
    auto config =
        WatchedConfig::Start(Path("config.yaml"), {}, NoEnvironment(),
                             [this](const std::vector<std::string>& changed) {
                               const MutexLock lock(mutex_);
                               told_.insert(changed.begin(), changed.end());
                               told_some_.notify_all();
                             },
                             {.settle = absl::Milliseconds(5), .recheck = absl::Hours(1)});
    config_ = *std::move(config);
  }
  ~WatchedConfigTest() override { config_->Stop(); }

  std::string Path(const std::string& name) const { return folder_.Path(name); }
  // Replaces the file in one step: a file that is opened and then written is two changes.
  void Write(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name + ".new")) << content;
    fs::rename(Path(name + ".new"), Path(name));
  }

  static std::string Text(const std::string& id_file, const std::string& more = "") {
    return "apiVersion: credentialbroker/v1\nkind: BrokerConfig\nserver: {listen: 127.0.0.1:0}\n"
           "credentials:\n- name: a\n  base_url: https://localhost\n  ca_file: ca\n"
           "  access_key_id_file: " +
           id_file + "\n  secret_access_key_file: secret\n" + more;
  }

  bool Told(const std::string& name) {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const MutexLock lock(mutex_);
    while (!told_.contains(Path(name))) {
      if (told_some_.wait_until(mutex_, patience) == std::cv_status::timeout) {
        return false;
      }
    }
    told_.erase(Path(name));
    return true;
  }

  const TestFolder folder_;
  std::unique_ptr<WatchedConfig> config_;
  Mutex mutex_;
  std::condition_variable_any told_some_;
  std::set<std::string> told_ ABSL_GUARDED_BY(mutex_);
};

TEST(NamedFiles, AreAllThatAKeyNames) {
  const auto config = ParseConfig(
      "apiVersion: credentialbroker/v1\nkind: BrokerConfig\n"
      "server:\n  tls: {cert_file: /crt, key_file: /key, client_ca_file: /clients, crl_file: "
      "/crl}\n"
      "credentials:\n- name: a\n  base_url: https://localhost\n  ca_file: /ca\n"
      "  username_file: /user\n  password_file: /password\n",
      "c");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(NamedFiles(*config), UnorderedElementsAre("/crt", "/key", "/clients", "/crl", "/ca",
                                                        "/user", "/password"));
}

TEST(NamedFiles, AreThoseOfEachClientCa) {
  const auto config = ParseConfig(
      "apiVersion: credentialbroker/v1\nkind: BrokerConfig\n"
      "server:\n  tls:\n    cert_file: /crt\n    key_file: /key\n    client_ca:\n"
      "    - {file: /prod, trust_domains: [prod]}\n    - {file: /other, dns: true}\n"
      "credentials:\n- name: a\n  base_url: https://localhost\n"
      "  username_file: /user\n  password_file: /password\n",
      "c");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_THAT(NamedFiles(*config),
              UnorderedElementsAre("/crt", "/key", "/prod", "/other", "/user", "/password"));
}

TEST_F(WatchedConfigTest, TellsOfTheFileAndOfWhatItNames) {
  ASSERT_TRUE(config_->Load().ok());
  for (const std::string name : {"id", "secret", "ca"}) {
    Write(name, "1");
    EXPECT_TRUE(Told(name)) << name;
  }
  Write("config.yaml", Text("id") + "# changed\n");
  EXPECT_TRUE(Told("config.yaml"));
}

TEST_F(WatchedConfigTest, WatchesWhatIsInForceAndWhatIsWantedUntilItIsTakenOver) {
  ASSERT_TRUE(config_->Load().ok());
  Write("config.yaml", Text("other"));
  const auto wanted = config_->Load();
  ASSERT_TRUE(wanted.ok());
  Write("id", "1");
  EXPECT_TRUE(Told("id"));
  Write("other", "1");
  EXPECT_TRUE(Told("other"));
  config_->TakenOver(*wanted);
  Write("id", "2");
  Write("other", "2");
  EXPECT_TRUE(Told("other"));
  const MutexLock lock(mutex_);
  EXPECT_THAT(told_, Not(Contains(Path("id"))));
}

TEST_F(WatchedConfigTest, AMistakeIsToldWithItsPlaceAndTheFileStaysWatched) {
  ASSERT_TRUE(config_->Load().ok());
  Write("config.yaml", Text("id", "  alow: []\n"));
  const auto config = config_->Load();
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(std::string(config.status().message()),
              HasSubstr(Path("config.yaml") + ":10: credentials[0].alow"));
  EXPECT_TRUE(Told("config.yaml"));
  Write("config.yaml", Text("id"));
  EXPECT_TRUE(Told("config.yaml"));
  EXPECT_TRUE(config_->Load().ok());
}

}  // namespace
}  // namespace credential_broker::config
