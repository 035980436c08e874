#include "cli/pem_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "support/test_ca.h"
#include "support/test_folder.h"

namespace credential_broker::cli {
namespace {

using ::testing::HasSubstr;

class PemFilesTest : public ::testing::Test {
 protected:
  std::string Failure(const Endpoint& endpoint) {
    const auto files = ReadPemFiles(endpoint);
    return files.ok() ? "it succeeded" : std::string(files.status().message());
  }

  TestFolder folder_;
  TestCa ca_;
  const std::string ca_file_ = folder_.Write("ca.pem", ca_.pem());
  PemIdentity identity_ = ca_.Issue("DNS:client");
  std::string cert_file_ = folder_.Write("cert.pem", identity_.certificate);
  std::string key_file_ = folder_.Write("key.pem", identity_.key);
};

TEST_F(PemFilesTest, ReadsAuthoritiesCertificateAndKey) {
  const auto files =
      ReadPemFiles({.ca_file = ca_file_, .cert_file = cert_file_, .key_file = key_file_});
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->authorities, ca_.pem());
  EXPECT_EQ(files->certificate, identity_.certificate);
  EXPECT_EQ(files->key.Reveal(), identity_.key);
}

TEST_F(PemFilesTest, NamesTheFileThatIsNoGood) {
  const std::string nothing = folder_.Write("nothing.pem", "nothing\n");
  EXPECT_THAT(Failure({.ca_file = folder_.Path("gone.pem")}),
              HasSubstr("cannot read " + folder_.Path("gone.pem") + ": No such file"));
  EXPECT_THAT(Failure({.ca_file = nothing}), HasSubstr(nothing + " holds no certificate"));
  EXPECT_THAT(Failure({.ca_file = folder_.Path("")}), HasSubstr("Is a directory"));
  EXPECT_THAT(Failure({.ca_file = ca_file_, .cert_file = cert_file_, .key_file = nothing}),
              HasSubstr(nothing + " holds no private key"));
  EXPECT_THAT(Failure({.ca_file = ca_file_, .cert_file = key_file_, .key_file = key_file_}),
              HasSubstr(key_file_ + " holds no certificate"));
}

TEST_F(PemFilesTest, RefusesTheKeyOfAnotherCertificate) {
  const std::string other = folder_.Write("other.pem", ca_.Issue("DNS:other").key);
  const std::string failure =
      Failure({.ca_file = ca_file_, .cert_file = cert_file_, .key_file = other});
  EXPECT_THAT(failure,
              HasSubstr(other + " does not belong to the first certificate in " + cert_file_));
}

TEST_F(PemFilesTest, ATokenFileLosesItsLineFeedOnly) {
  EXPECT_EQ(ReadTokenFile(folder_.Write("token", "abc.def\n"))->Reveal(), "abc.def");
  EXPECT_EQ(ReadTokenFile(folder_.Write("token", "abc.def"))->Reveal(), "abc.def");
}

TEST_F(PemFilesTest, ATokenThatCannotStandInAHeaderIsNotRepeated) {
  for (const char* text : {"", "\n", "canary two", "canary\nx: y", "canary\x01"}) {
    const auto token = ReadTokenFile(folder_.Write("token", text));
    ASSERT_FALSE(token.ok()) << text;
    EXPECT_THAT(std::string(token.status().message()), HasSubstr("holds no bearer token"));
    EXPECT_THAT(std::string(token.status().message()), ::testing::Not(HasSubstr("canary")));
  }
  EXPECT_THAT(
      std::string(
          ReadTokenFile(folder_.Write("token", std::string(70000, 'x'))).status().message()),
      HasSubstr("larger than 65536 bytes"));
}

}  // namespace
}  // namespace credential_broker::cli
