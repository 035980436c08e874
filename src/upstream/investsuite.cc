#include "upstream/investsuite.h"

#include <atomic>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "base/strings.h"
#include "upstream/answer.h"
#include "upstream/error_answer.h"
#include "upstream/json_object.h"

namespace credential_broker::upstream {
namespace {

AttemptFailure Failed(FailureKind kind, std::string message, int http_status = 0) {
  AttemptFailure failure;
  failure.kind = kind;
  failure.message = std::move(message);
  failure.http_status = http_status;
  return failure;
}

class InvestSuiteSession final : public UpstreamSession {
 public:
  InvestSuiteSession(std::string_view base_url, KeyFiles key_files,
                     std::unique_ptr<HttpsClient> client, const Clock& clock)
      : base_url_(base_url.substr(0, base_url.find_last_not_of('/') + 1)),
        key_files_(std::move(key_files)),
        client_(std::move(client)),
        clock_(clock) {}

  AttemptResult Login() override {
    if (cancelled_) {
      return Failed(FailureKind::kCancelled, "cancelled");
    }
    const absl::StatusOr<Key> key = ReadKey(key_files_);
    if (!key.ok()) {
      return Failed(FailureKind::kNoKey, StrCat(key.status().message()));
    }
    const bool access_key = key_files_.kind == KeyFiles::Kind::kAccessKey;
    const WipedBuffer body = JsonObject(
        {{.name = access_key ? "access_key_id" : "username", .value = key->id.Reveal()},
         {.name = access_key ? "secret_access_key" : "password", .value = key->secret.Reveal()}});
    AttemptResult result = Post("/auth/login/", body.view());
    auto* failure = std::get_if<AttemptFailure>(&result);
    if (failure != nullptr && failure->kind == FailureKind::kUnauthorized) {
      failure->message = StrCat(failure->message, "; put a valid key into ", key_files_.id_file,
                                " and ", key_files_.secret_file);
    }
    return result;
  }

  AttemptResult Refresh(const Secret& refresh_token) override {
    const WipedBuffer body =
        JsonObject({{.name = "refresh_token", .value = refresh_token.Reveal()}});
    return Post("/auth/refresh-token/", body.view());
  }

  void Cancel() override {
    cancelled_ = true;
    client_->Cancel();
  }

 private:
  AttemptResult Post(std::string_view path, std::string_view body) {
    AnswerTimes times{
        .sent_at = clock_.Now(), .received_at = BootTime(), .sent_wall = clock_.WallNow()};
    const HttpResult answer = client_->Send(
        {.method = "POST",
         .url = StrCat(base_url_, path),
         .headers = {{"content-type", "application/json"}, {"accept", "application/json"}},
         .bearer_token = nullptr,
         .body = body,
         .delivery = Delivery::kAtMostOnce});
    times.received_at = clock_.Now();
    AttemptResult result = Judge(answer, times);
    if (auto* failure = std::get_if<AttemptFailure>(&result)) {
      failure->message = StrCat("POST ", path, ": ", failure->message);
      // A server that answers with what it was sent must not get it into our logs.
      if (body.find(failure->request_id) != std::string_view::npos) {
        failure->request_id.clear();
      }
    }
    return result;
  }

  AttemptResult Judge(const HttpResult& answer, const AnswerTimes& times) const {
    switch (answer.outcome) {
      case HttpResult::Outcome::kCancelled:
        return Failed(FailureKind::kCancelled, "cancelled");
      case HttpResult::Outcome::kNotSent:
        return Failed(FailureKind::kNotSent, answer.error);
      default:
        break;
    }
    const bool success = answer.status >= 200 && answer.status < 300;
    // A refusal whose body broke off is still a refusal: taken for a lost answer, it would be
    // repeated until the account is locked.
    if (answer.status != 0 && !success) {
      return ReadErrorAnswer(answer, clock_.WallNow());
    }
    if (answer.outcome == HttpResult::Outcome::kAmbiguous) {
      return Failed(FailureKind::kAmbiguous, answer.error, answer.status);
    }
    absl::StatusOr<Grant> grant = ParseTokenAnswer(answer.body.view(), answer.date, times);
    if (!grant.ok()) {
      return Failed(FailureKind::kAmbiguous,
                    StrCat("unusable answer with HTTP status ", answer.status, ": ",
                           grant.status().message()),
                    answer.status);
    }
    return *std::move(grant);
  }

  const std::string base_url_;
  const KeyFiles key_files_;
  const std::unique_ptr<HttpsClient> client_;
  const Clock& clock_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace

std::unique_ptr<UpstreamSession> MakeInvestSuiteSession(std::string_view base_url,
                                                        KeyFiles key_files,
                                                        std::unique_ptr<HttpsClient> client,
                                                        const Clock& clock) {
  return std::make_unique<InvestSuiteSession>(base_url, std::move(key_files), std::move(client),
                                              clock);
}

}  // namespace credential_broker::upstream
