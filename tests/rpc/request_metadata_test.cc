#include "rpc/request_metadata.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace credential_broker::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::FieldsAre;

TEST(RequestMetadata, KeepsOrderAndDuplicates) {
  const RequestMetadata metadata({{"b", "1"}, {"a", "2"}, {"b", "3"}});
  EXPECT_THAT(metadata.all(),
              ElementsAre(FieldsAre("b", "1"), FieldsAre("a", "2"), FieldsAre("b", "3")));
  EXPECT_EQ(metadata.Find("b"), "1");
  EXPECT_EQ(metadata.Find("c"), std::nullopt);
}

TEST(RequestMetadata, LeavesOutWhatIsReserved) {
  const RequestMetadata metadata({{"content-type", "application/grpc"},
                                  {"te", "trailers"},
                                  {"grpc-timeout", "1S"},
                                  {"grpc-accept-encoding", "identity"},
                                  {"user-agent", "grpc-go/1.0"},
                                  {"authorization", "Bearer x"}});
  EXPECT_THAT(metadata.all(), ElementsAre(FieldsAre("user-agent", "grpc-go/1.0"),
                                          FieldsAre("authorization", "Bearer x")));
  EXPECT_EQ(metadata.Find("te"), std::nullopt);
  EXPECT_EQ(metadata.Find("grpc-timeout"), std::nullopt);
  EXPECT_EQ(metadata.Find("authorization"), "Bearer x");
}

TEST(RequestMetadata, DecodesBinaryValuesPaddedUnpaddedAndJoined) {
  const RequestMetadata metadata({{"k-bin", "YQ==,YWI, YWJj"}, {"k-bin", ""}});
  EXPECT_THAT(metadata.all(), ElementsAre(FieldsAre("k-bin", "a"), FieldsAre("k-bin", "ab"),
                                          FieldsAre("k-bin", "abc"), FieldsAre("k-bin", "")));
  EXPECT_EQ(metadata.Find("k-bin"), "a");
}

TEST(CheckBinaryValue, NamesTheFieldThatIsNotBase64) {
  EXPECT_TRUE(CheckBinaryValue({"k-bin", "YQ==,YWI"}).ok());
  const absl::Status status = CheckBinaryValue({"k-bin", "YQ,!"});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "the value of the metadata k-bin is not base64");
}

}  // namespace
}  // namespace credential_broker::rpc
