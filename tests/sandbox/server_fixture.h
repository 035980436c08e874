#ifndef CREDENTIAL_BROKER_TESTS_SANDBOX_SERVER_FIXTURE_H_
#define CREDENTIAL_BROKER_TESTS_SANDBOX_SERVER_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "https_client.h"
#include "sandbox/server.h"

namespace credential_broker::sandbox {

inline constexpr char kGoodLogin[] =
    R"({"access_key_id":"sandbox-access-key-id","secret_access_key":"sandbox-secret-access-key"})";

// A sandbox on a port of its own, and a caller of it.
class ServerFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = SandboxServer::Start(SandboxOptions(), SystemClock());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_ = NewClient();
  }

  std::unique_ptr<HttpsClient> NewClient() const {
    return std::make_unique<HttpsClient>(server_->base_url(), server_->ca_pem());
  }
  HttpsAnswer Login() { return client_->Post("/auth/login/", kGoodLogin); }
  HttpsAnswer Refresh(const HttpsAnswer& granted) {
    return client_->Post(
        "/auth/refresh-token/",
        nlohmann::json({{"refresh_token", Field(granted, "refresh_token")}}).dump());
  }
  static std::string Field(const HttpsAnswer& answer, const char* name) {
    const auto body = nlohmann::json::parse(answer.body, nullptr, false);
    return body.is_object() && body.contains(name) ? body[name].get<std::string>() : "";
  }
  void Set(std::string_view fault, std::string_view value) {
    const absl::Status status = server_->Set(fault, value);
    ASSERT_TRUE(status.ok()) << status;
  }

  std::unique_ptr<SandboxServer> server_;
  std::unique_ptr<HttpsClient> client_;
};

}  // namespace credential_broker::sandbox

#endif  // CREDENTIAL_BROKER_TESTS_SANDBOX_SERVER_FIXTURE_H_
