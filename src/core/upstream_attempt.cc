#include "core/upstream_attempt.h"

#include <system_error>
#include <utility>

#include "base/strings.h"

namespace credential_broker {

void UpstreamAttempt::Start(UpstreamOperation operation, const Secret& refresh_token, Done done) {
  // Shared, since a thread that cannot be made must leave `done` to us.
  auto shared_done = std::make_shared<Done>(std::move(done));
  UpstreamSession* session = nullptr;
  {
    MutexLock lock(mutex_);
    session = session_.get();
  }
  try {
    thread_ = std::thread([session, operation, &refresh_token, shared_done] {
      std::move (*shared_done)(operation == UpstreamOperation::kLogin
                                   ? session->Login()
                                   : session->Refresh(refresh_token));
    });
  } catch (const std::system_error& error) {
    std::move (*shared_done)(AttemptFailure{
        FailureKind::kNotSent,
        StrCat("no thread for the call: ", error.what(), "; raise the limit of processes"), 0,
        std::nullopt, ""});
  }
}

void UpstreamAttempt::Join() {
  if (thread_.joinable()) {
    thread_.join();
  }
}

void UpstreamAttempt::Use(std::unique_ptr<UpstreamSession> session) {
  MutexLock lock(mutex_);
  session_.swap(session);
  if (cancelled_) {
    session_->Cancel();
  }
}

void UpstreamAttempt::Cancel() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  session_->Cancel();
}

}  // namespace credential_broker
