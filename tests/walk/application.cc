#include "walk/application.h"

#include <array>
#include <utility>

#include "absl/strings/str_split.h"
#include "rpc/call.h"
#include "rpc/status.h"
#include "rpc/test_service.h"

namespace credential_broker::walk {
namespace {

constexpr std::array<h2::HeaderView, 1> kOk = {{{":status", "200"}}};
constexpr std::array<h2::HeaderView, 1> kEnd = {{{"x-end", "1"}}};
// A stream whose client reads everything would go on for ever.
constexpr int kMostDrained = 100;

std::size_t SizeOf(char operation) {
  switch (operation) {
    case 'd':
      return 40;
    case 'D':
      return std::size_t{20} * 1024;
    default:
      return std::size_t{300} * 1024;
  }
}

std::shared_ptr<const std::string> SharedKilobyte() {
  static const auto& bytes =
      *new std::shared_ptr<const std::string>(std::make_shared<const std::string>(1024, 's'));
  return bytes;
}

class StreamActor final : public h2::RequestHandler {
 public:
  StreamActor(h2::Stream& stream, std::vector<std::string> programs, Reached& reached,
              Pushes& pushes)
      : stream_(stream),
        programs_(std::move(programs)),
        reached_(reached),
        link_(std::make_shared<Link>(Link{this})) {
    programs_.resize(4);
    ++reached_.handlers;
    ++reached_.handlers_alive;
    pushes.Add([loop = stream.loop().shared_from_this(), link = link_, &reached](char operation) {
      ++reached.posts;
      loop->Post([link, operation, &reached] {
        if (link->actor != nullptr) {
          ++reached.posts_run;
          link->actor->Do(operation);
        }
      });
    });
    DoAll(programs_[0]);
  }
  StreamActor(const StreamActor&) = delete;
  StreamActor& operator=(const StreamActor&) = delete;
  ~StreamActor() override {
    if (!programs_[3].empty()) {
      ++reached_.used_while_destroyed;
    }
    DoAll(programs_[3]);
    link_->actor = nullptr;
    --reached_.handlers_alive;
  }

  void OnData(std::string_view bytes) override {
    held_ += bytes.size();
    DoAll(bytes.substr(0, 64));
    if (held_ > 1024) {
      Do('c');
    }
  }
  void OnEnd() override { DoAll(programs_[1]); }
  void OnDrained() override {
    ++reached_.drained;
    if (++drained_ <= kMostDrained) {
      DoAll(programs_[2]);
    }
  }

 private:
  // The way back from a posted task. On the loop's thread only.
  struct Link {
    StreamActor* actor;
  };

  void DoAll(std::string_view operations) {
    for (char operation : operations) {
      Do(operation);
    }
  }

  void Do(char operation) {
    if (operation == 'c') {
      stream_.Consume(std::exchange(held_, 0));
    } else if (!ended_) {
      Send(operation);
    }
  }

  void Send(char operation) {
    switch (operation) {
      case 'h':
        SendHeaders();
        break;
      case 'd':
      case 'D':
      case 'L':
        SendHeaders();
        stream_.SendData(std::string(SizeOf(operation), 'x'));
        break;
      case 's':
        SendHeaders();
        stream_.SendData(SharedKilobyte());
        break;
      case 't':
        SendHeaders();
        ended_ = true;
        stream_.SendTrailers(kEnd);
        break;
      case 'o':
        if (!headers_sent_) {
          ended_ = true;
          stream_.SendHeadersOnly(kOk);
        }
        break;
      case 'r':
        ended_ = true;
        stream_.Reset(8);
        break;
      case 'b':
        reached_.taken_back += stream_.TakeBack() ? 1 : 0;
        break;
      case 'p':
        ++reached_.posts;
        stream_.loop().Post([link = link_] {
          if (link->actor != nullptr) {
            ++link->actor->reached_.posts_run;
            link->actor->Do('d');
          }
        });
        break;
      case 'm':
      case 'M':
        timer_ = stream_.loop().RunAfter(absl::Milliseconds(operation == 'm' ? 1 : 50), [this] {
          ++reached_.timers_run;
          Do('d');
        });
        break;
      default:
        break;
    }
  }

  void SendHeaders() {
    if (!std::exchange(headers_sent_, true)) {
      stream_.SendHeaders(kOk);
    }
  }

  h2::Stream& stream_;
  std::vector<std::string> programs_;
  Reached& reached_;
  std::shared_ptr<Link> link_;
  std::unique_ptr<Timer> timer_;
  std::size_t held_ = 0;
  int drained_ = 0;
  bool headers_sent_ = false;
  bool ended_ = false;
};

class CallActor final : public rpc::CallHandler {
 public:
  CallActor(rpc::Call& call, Reached& reached, Pushes& pushes)
      : call_(call), reached_(reached), drained_program_(call.metadata("x-drained").value_or("")) {
    ++reached_.handlers;
    ++reached_.handlers_alive;
    pushes.Add([ref = call.Ref(), this, &reached](char operation) {
      ++reached.posts;
      // The task may use the handler: it does not run where that is gone.
      ref->Post([this, operation](rpc::Call&) {
        ++reached_.posts_run;
        Do(operation);
      });
    });
  }
  CallActor(const CallActor&) = delete;
  CallActor& operator=(const CallActor&) = delete;
  ~CallActor() override { --reached_.handlers_alive; }

  void OnMessage(std::string_view message) override {
    for (char operation : message.substr(0, 64)) {
      Do(operation);
    }
  }
  void OnHalfClose() override { Do(drained_program_.empty() ? 't' : 'd'); }
  void OnDrained() override {
    ++reached_.drained;
    if (++drained_ <= kMostDrained) {
      for (char operation : drained_program_) {
        Do(operation);
      }
    }
  }

 private:
  void Do(char operation) {
    if (ended_) {
      return;
    }
    switch (operation) {
      case 'h':
        if (!std::exchange(headers_sent_, true)) {
          call_.SendInitialMetadata({{"x-initial", "1"}});
        }
        break;
      case 'd':
      case 'D':
      case 'L':
        headers_sent_ = true;
        call_.SendMessage(std::string(SizeOf(operation), 'x'));
        break;
      case 's':
        headers_sent_ = true;
        call_.SendFramed(shared_);
        break;
      case 't':
      case 'o':
        ended_ = true;
        call_.FinishOk();
        break;
      case 'r':
        ended_ = true;
        call_.Finish(rpc::MakeStatus(absl::StatusCode::kAborted, "walked into"), {{"k", "v"}});
        break;
      case 'b':
        reached_.taken_back += call_.TakeBack() ? 1 : 0;
        break;
      case 'p':
        ++reached_.posts;
        call_.Ref()->Post([this](rpc::Call&) {
          ++reached_.posts_run;
          Do('d');
        });
        break;
      default:
        break;
    }
  }

  rpc::Call& call_;
  Reached& reached_;
  const std::string drained_program_;
  const std::shared_ptr<const std::string> shared_ = rpc::FrameMessage(std::string(1024, 's'));
  int drained_ = 0;
  bool headers_sent_ = false;
  bool ended_ = false;
};

}  // namespace

void Pushes::Add(Push push) {
  MutexLock lock(mutex_);
  const std::size_t place = added_++ % kMost;
  if (place < pushes_.size()) {
    pushes_[place].swap(push);
  } else {
    pushes_.push_back(std::move(push));
  }
}

void Pushes::Run(std::size_t random, char operation) {
  Push push;
  {
    MutexLock lock(mutex_);
    if (pushes_.empty()) {
      return;
    }
    push = pushes_[random % pushes_.size()];
  }
  push(operation);
}

std::unique_ptr<h2::RequestHandler> StreamApplication::OnRequest(h2::Stream& stream,
                                                                 h2::RequestHead head) {
  const std::string path = head.path.substr(head.path.starts_with('/') ? 1 : 0, 100);
  std::vector<std::string> programs = absl::StrSplit(path, '.');
  return std::make_unique<StreamActor>(stream, std::move(programs), reached_, pushes_);
}

void AddCallHandlers(rpc::Router& router, Reached& reached, Pushes& pushes) {
  for (const char* method : {"One", "Down", "Up", "Both"}) {
    router.Add(rpc::TestService(), method,
               [&reached, &pushes](rpc::Call& call) {
                 return std::make_unique<CallActor>(call, reached, pushes);
               },
               {.max_message = 1000});
  }
}

}  // namespace credential_broker::walk
