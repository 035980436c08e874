#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "investsuite/credentialbroker/v1/credential_broker.pb.h"
#include "service/fakes.h"
#include "service/watch_token.h"
#include "support/fake_clock.h"

// Streams that come and go on several loops while the credential changes and reloads replace it:
// for ThreadSanitizer, and for what must hold at the end.

namespace credential_broker::service {
namespace {

namespace api = ::investsuite::credentialbroker::v1;

// A loop with a real thread.
class ThreadLoop : public Executor {
 public:
  ThreadLoop() : thread_([this] { Run(); }) {}
  ThreadLoop(const ThreadLoop&) = delete;
  ThreadLoop& operator=(const ThreadLoop&) = delete;
  ~ThreadLoop() override {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }

  void Post(absl::AnyInvocable<void() &&> task) override {
    MutexLock lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }

 private:
  void Run() {
    for (;;) {
      std::vector<absl::AnyInvocable<void() &&>> tasks;
      {
        MutexLock lock(mutex_);
        while (tasks_.empty() && !stopping_) {
          changed_.wait(mutex_);
        }
        tasks.swap(tasks_);
        if (tasks.empty()) {
          return;
        }
      }
      for (auto& task : tasks) {
        std::move(task)();
      }
    }
  }

  Mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<absl::AnyInvocable<void() &&>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

struct SilentAudit : AuditSink {
  void TokenIssued(std::string_view, std::string_view, std::string_view,
                   std::string_view) override {}
  void CallerDenied(std::string_view, std::string_view, std::string_view, Reason) override {}
  void AdminRefresh(std::string_view, std::string_view, std::string_view) override {}
};

struct OpenStream {
  FakeCall call;
  std::unique_ptr<rpc::CallHandler> handler;
};

// The streams of one loop, used on its thread.
class LoopClients {
 public:
  LoopClients(WatchToken& service, std::shared_ptr<Executor> loop, unsigned seed)
      : service_(service), loop_(std::move(loop)), chance_(seed) {}

  void OpenOrClose() {
    if (streams_.size() < 20 || chance_() % 2 == 0) {
      auto stream = std::make_unique<OpenStream>();
      stream->call.set_executor(loop_);
      stream->handler = service_.Factory()(stream->call);
      stream->handler->OnMessage(api::WatchTokenRequest().SerializeAsString());
      streams_.push_back(std::move(stream));
    } else {
      streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(chance_() % streams_.size()));
    }
  }
  void StopOrReadOn() {
    OpenStream& stream = *streams_[chance_() % streams_.size()];
    if (stream.call.unsent_bytes() == 0) {
      stream.call.set_unsent(1);
    } else {
      stream.call.set_unsent(0);
      stream.handler->OnDrained();
    }
  }
  void AllReadOn() {
    for (const auto& stream : streams_) {
      stream->call.set_unsent(0);
      stream->handler->OnDrained();
    }
  }
  void CheckAll(const std::string& value) const {
    for (const auto& stream : streams_) {
      api::WatchTokenResponse message;
      ASSERT_TRUE(message.ParseFromString(stream->call.messages().back()));
      EXPECT_EQ(message.token().value(), value);
      EXPECT_FALSE(stream->call.finished().has_value());
    }
  }
  void CloseAll() { streams_.clear(); }
  std::size_t size() const { return streams_.size(); }

 private:
  WatchToken& service_;
  const std::shared_ptr<Executor> loop_;
  std::minstd_rand chance_;
  std::vector<std::unique_ptr<OpenStream>> streams_;
};

// Runs `task` on `loop`, and waits for its end.
template <typename Task>
void RunOn(Executor& loop, Task task) {
  std::promise<void> ended;
  loop.Post([&] {
    task();
    ended.set_value();
  });
  ended.get_future().wait();
}

CredentialView ViewOf(const Clock& clock, const std::string& value) {
  CredentialView view;
  view.token = MakeToken(clock, value, "version-" + value);
  view.status.state = CredentialState::kReady;
  return view;
}

std::shared_ptr<const CredentialSet> SetOf(std::shared_ptr<Credential> credential) {
  return std::make_shared<const CredentialSet>(
      std::map<std::string, std::shared_ptr<Credential>, std::less<>>{
          {"default", std::move(credential)}},
      AccessPolicy({{"default", Patterns({"anonymous"})}}));
}

TEST(WatchRace, EveryStreamEndsUpWithTheLatestStateOfTheLatestCredential) {
  constexpr int kLoops = 3;
  constexpr int kSteps = 600;
  const FakeClock clock;
  SilentAudit audit;
  auto credential = std::make_shared<FakeCredential>();
  credential->Show(ViewOf(clock, "0"));
  CurrentCredentials credentials(SetOf(credential));
  const Gatekeeper gatekeeper(credentials, audit);
  WatchToken service(gatekeeper, clock);

  std::vector<std::shared_ptr<ThreadLoop>> loops;
  std::vector<std::unique_ptr<LoopClients>> clients;
  for (unsigned i = 0; i < kLoops; ++i) {
    loops.push_back(std::make_shared<ThreadLoop>());
    clients.push_back(std::make_unique<LoopClients>(service, loops.back(), i + 1));
    clients.back()->OpenOrClose();
  }
  // Steps of the clients come from threads of their own, so that they meet changes at any point.
  std::vector<std::thread> drivers;
  for (unsigned i = 0; i < kLoops; ++i) {
    drivers.emplace_back([&, i] {
      for (int step = 0; step < kSteps; ++step) {
        loops[i]->Post([&, i] {
          clients[i]->OpenOrClose();
          clients[i]->StopOrReadOn();
        });
      }
    });
  }
  std::string latest;
  for (int change = 1; change <= kSteps; ++change) {
    latest = std::to_string(change);
    if (change % 10 == 0) {
      auto replacement = std::make_shared<FakeCredential>();
      replacement->Show(ViewOf(clock, latest));
      credentials.Replace(SetOf(replacement));
      service.RecheckPermissions();
      credential->Show(ViewOf(clock, "of a credential that was replaced"));
      credential = std::move(replacement);
    } else {
      credential->Show(ViewOf(clock, latest));
    }
  }
  for (std::thread& driver : drivers) {
    driver.join();
  }
  std::size_t open = 0;
  for (unsigned i = 0; i < kLoops; ++i) {
    // Twice: what the first round posts is done by the end of the second.
    RunOn(*loops[i], [&] { clients[i]->AllReadOn(); });
    RunOn(*loops[i], [&] {
      clients[i]->CheckAll(latest);
      open += clients[i]->size();
    });
  }
  EXPECT_EQ(service.StreamCounts()["default"], open);
  for (unsigned i = 0; i < kLoops; ++i) {
    RunOn(*loops[i], [&] { clients[i]->CloseAll(); });
  }
  EXPECT_TRUE(service.StreamCounts().empty());
  EXPECT_EQ(credential->watches(), 0);
}

}  // namespace
}  // namespace credential_broker::service
