#include "service/list_credentials.h"

#include <gtest/gtest.h>

#include "service/fakes.h"

namespace credential_broker::service {
namespace {

namespace api = ::investsuite::credentialbroker::v1;

// `names` for "anonymous", and one credential "other" for somebody else.
CredentialSet MakeSet(const std::vector<std::string>& names) {
  std::map<std::string, std::shared_ptr<Credential>, std::less<>> credentials;
  std::map<std::string, std::vector<PrincipalPattern>, std::less<>> allow;
  for (const std::string& name : names) {
    auto credential = std::make_shared<FakeCredential>();
    credential->status.name = name;
    credentials[name] = credential;
    allow[name] = Patterns({"anonymous"});
  }
  credentials["other"] = std::make_shared<FakeCredential>();
  allow["other"] = Patterns({"dns:other"});
  return CredentialSet(std::move(credentials), AccessPolicy(std::move(allow)));
}

std::vector<std::string> Names(const api::ListCredentialsResponse& response) {
  std::vector<std::string> names;
  for (const auto& credential : response.credentials()) {
    names.push_back(credential.name());
  }
  return names;
}

TEST(ListCredentials, NamesWhatTheCallerMayUseInOrderAndNothingElse) {
  const auto response = ListCredentials(MakeSet({"b", "a", "z"}), "anonymous", {});
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(Names(*response), (std::vector<std::string>{"a", "b", "z"}));
  EXPECT_EQ(response->next_page_token(), "");
}

TEST(ListCredentials, NothingForAStranger) {
  const auto response = ListCredentials(MakeSet({"a"}), "dns:stranger", {});
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->credentials_size(), 0);
}

TEST(ListCredentials, PagesCoverEveryNameOnce) {
  const CredentialSet set = MakeSet({"a", "b", "c", "p", "q"});
  std::vector<std::string> seen;
  api::ListCredentialsRequest request;
  request.set_page_size(2);
  int pages = 0;
  do {
    const auto response = ListCredentials(set, "anonymous", request);
    ASSERT_TRUE(response.ok());
    EXPECT_LE(response->credentials_size(), 2);
    for (const std::string& name : Names(*response)) {
      seen.push_back(name);
    }
    request.set_page_token(response->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"a", "b", "c", "p", "q"}));
  EXPECT_EQ(pages, 3);
}

TEST(ListCredentials, NoPageAfterTheLastEvenWhenItIsFull) {
  api::ListCredentialsRequest request;
  request.set_page_size(2);
  const auto response = ListCredentials(MakeSet({"a", "b"}), "anonymous", request);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->credentials_size(), 2);
  EXPECT_EQ(response->next_page_token(), "");
}

TEST(ListCredentials, PageSizeBounds) {
  std::vector<std::string> names;
  for (int i = 0; i < 1200; ++i) {
    names.push_back("c" + std::to_string(i));
  }
  const CredentialSet set = MakeSet(names);
  api::ListCredentialsRequest request;
  EXPECT_EQ(ListCredentials(set, "anonymous", request)->credentials_size(), 100);
  request.set_page_size(5000);
  EXPECT_EQ(ListCredentials(set, "anonymous", request)->credentials_size(), 1000);
  request.set_page_size(-1);
  EXPECT_EQ(DetailsOf(ListCredentials(set, "anonymous", request).status())->reason,
            Reason::kInvalidRequest);
}

TEST(ListCredentials, APageTokenThatNobodyGaveIsRefused) {
  for (const char* token : {"nonsense!", "AAAA", "YWZ0ZXI"}) {
    api::ListCredentialsRequest request;
    request.set_page_token(token);
    const auto response = ListCredentials(MakeSet({"a"}), "anonymous", request);
    ASSERT_FALSE(response.ok()) << token;
    EXPECT_EQ(DetailsOf(response.status())->reason, Reason::kInvalidRequest);
  }
}

}  // namespace
}  // namespace credential_broker::service
