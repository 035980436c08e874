#include "core/upstream_attempt.h"

#include <system_error>
#include <utility>

#include "core/strings.h"

namespace credential_broker {

void UpstreamAttempt::Start(UpstreamOperation operation, const Secret& refresh_token, Done done) {
  // Shared, since a thread that cannot be made must leave `done` to us.
  auto shared_done = std::make_shared<Done>(std::move(done));
  try {
    thread_ = std::thread([this, operation, &refresh_token, shared_done] {
      std::move (*shared_done)(operation == UpstreamOperation::kLogin
                                   ? session_->Login()
                                   : session_->Refresh(refresh_token));
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

}  // namespace credential_broker
