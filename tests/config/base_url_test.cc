#include "config/base_url.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::config {
namespace {

using ::testing::HasSubstr;

std::string UrlError(const std::string& url) {
  const absl::StatusOr<std::string> parsed = ParseBaseUrl(url);
  return parsed.ok() ? "OK" : std::string(parsed.status().message());
}

TEST(ParseBaseUrl, TakesHttpsAndCutsSlashesAtTheEnd) {
  EXPECT_EQ(*ParseBaseUrl("https://api.example.com"), "https://api.example.com");
  EXPECT_EQ(*ParseBaseUrl("https://api.example.com/"), "https://api.example.com");
  EXPECT_EQ(*ParseBaseUrl("HTTPS://api.example.com//"), "https://api.example.com");
  EXPECT_EQ(*ParseBaseUrl("https://127.0.0.1:8444/a/b-c_d~e/%20/"),
            "https://127.0.0.1:8444/a/b-c_d~e/%20");
  EXPECT_EQ(*ParseBaseUrl("https://[::1]:8444"), "https://[::1]:8444");
  EXPECT_EQ(*ParseBaseUrl("https://[::1]"), "https://[::1]");
}

TEST(ParseBaseUrl, TellsTheMend) {
  EXPECT_THAT(UrlError("http://api.example.com"), HasSubstr("must start with https://"));
  EXPECT_THAT(UrlError("api.example.com"), HasSubstr("must start with https://"));
  EXPECT_THAT(UrlError("https:/api.example.com"), HasSubstr("must start with https://"));
  EXPECT_THAT(UrlError("https://"), HasSubstr("has no usable host"));
  EXPECT_THAT(UrlError("https:///path"), HasSubstr("has no usable host"));
  EXPECT_THAT(UrlError("https://a b"), HasSubstr("has no usable host"));
  EXPECT_THAT(UrlError("https://1.2.3"), HasSubstr("has no usable host"));
  EXPECT_THAT(UrlError("https://[::1"), HasSubstr("has no usable host"));
  EXPECT_THAT(UrlError("https://user:secret@host"), HasSubstr("must not hold a user name"));
  EXPECT_THAT(UrlError("https://host:0"), HasSubstr("from 1 to 65535"));
  EXPECT_THAT(UrlError("https://host:99999"), HasSubstr("from 1 to 65535"));
  EXPECT_THAT(UrlError("https://host:"), HasSubstr("from 1 to 65535"));
  EXPECT_THAT(UrlError("https://host/?a=b"), HasSubstr("must not hold ? or #"));
  EXPECT_THAT(UrlError("https://host#x"), HasSubstr("must not hold ? or #"));
  EXPECT_THAT(UrlError("https://host/a b"), HasSubstr("no URL may"));
  EXPECT_THAT(UrlError("https://host/\xc3\xa9"), HasSubstr("no URL may"));
  EXPECT_THAT(UrlError("https://host/a\r\nX-Header: 1"), HasSubstr("no URL may"));
  EXPECT_THAT(UrlError("https://host/" + std::string(2048, 'a')), HasSubstr("longer than 2048"));
}

}  // namespace
}  // namespace credential_broker::config
