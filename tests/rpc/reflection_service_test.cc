#include "rpc/reflection_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "gtest/gtest.h"
#include "rpc/health_service.h"
#include "rpc/message_reader.h"
#include "rpc/test_front.h"
#include "rpc/test_service.h"

namespace credential_broker::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct V1 {
  using Request = ::grpc::reflection::v1::ServerReflectionRequest;
  using Response = ::grpc::reflection::v1::ServerReflectionResponse;
  static constexpr char kPath[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
};
struct V1Alpha {
  using Request = ::grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = ::grpc::reflection::v1alpha::ServerReflectionResponse;
  static constexpr char kPath[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
};

template <typename Version>
class Reflection : public testing::Test {
 protected:
  // NOLINTBEGIN(readability-redundant-typename): clang 14 wants it
  using Request = typename Version::Request;
  using Response = typename Version::Response;
  // NOLINTEND(readability-redundant-typename)

  Reflection() {
    AddReflection(router_);
    health_.AddTo(router_);
    router_.Add(TestService(), "One", [](Call&) { return nullptr; });
    stream_.emplace(application_, loop_, GrpcHead(Version::kPath));
  }

  Response Ask(const Request& request) {
    const std::size_t before = stream_->stream().received.size();
    stream_->Data(Frame(request.SerializeAsString()));
    MessageReader reader(1 << 20);
    const std::string_view received = stream_->stream().received;
    reader.Feed(received.substr(before));
    const std::string message{(*reader.Next()).value_or("\xff")};
    Response response;
    EXPECT_TRUE(response.ParseFromString(message));
    EXPECT_EQ(response.original_request().SerializeAsString(), request.SerializeAsString());
    return response;
  }

  static std::vector<std::string> Files(const Response& response) {
    std::vector<std::string> names;
    for (const std::string& bytes : response.file_descriptor_response().file_descriptor_proto()) {
      google::protobuf::FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.push_back(file.name());
    }
    return names;
  }

  std::shared_ptr<FakeLoop> loop_owner_ = std::make_shared<FakeLoop>();
  FakeLoop& loop_ = *loop_owner_;
  HealthService health_;
  Router router_;
  GrpcApplication application_{router_, loop_};
  std::optional<TestRequest> stream_;
};

using Versions = testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(Reflection, Versions);

TYPED_TEST(Reflection, ListsAllServicesItselfAmongThem) {
  typename TypeParam::Request request;
  request.set_host("broker");
  request.set_list_services("*");
  const typename TypeParam::Response response = this->Ask(request);
  EXPECT_EQ(response.valid_host(), "broker");
  std::vector<std::string> names;
  for (const auto& service : response.list_services_response().service()) {
    names.push_back(service.name());
  }
  EXPECT_THAT(names, ElementsAre("grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                                 "grpc.reflection.v1alpha.ServerReflection", "test.Kinds"));
}

TYPED_TEST(Reflection, FindsAFileByName) {
  typename TypeParam::Request request;
  request.set_file_by_filename("grpc/health/v1/health.proto");
  EXPECT_THAT(this->Files(this->Ask(request)), ElementsAre("grpc/health/v1/health.proto"));
  EXPECT_THAT(this->Files(this->Ask(request)), ElementsAre("grpc/health/v1/health.proto"))
      << "also when it is asked for again";
}

TYPED_TEST(Reflection, FindsAFileBySymbol) {
  typename TypeParam::Request request;
  for (const char* symbol :
       {"grpc.health.v1.Health", "grpc.health.v1.Health.Check", "grpc.health.v1.HealthCheckRequest",
        "grpc.health.v1.HealthCheckRequest.service"}) {
    request.set_file_containing_symbol(symbol);
    EXPECT_THAT(this->Files(this->Ask(request)), ElementsAre("grpc/health/v1/health.proto"));
  }
  request.set_file_containing_symbol("test.Kinds");
  EXPECT_THAT(this->Files(this->Ask(request)), ElementsAre("test/kinds.proto"))
      << "of another pool than the generated one";
}

TYPED_TEST(Reflection, SendsImportsOnceAStream) {
  typename TypeParam::Request request;
  request.set_file_containing_symbol("google.rpc.Status");
  EXPECT_THAT(this->Files(this->Ask(request)),
              ElementsAre("google/rpc/status.proto", "google/protobuf/any.proto"));
  EXPECT_THAT(this->Files(this->Ask(request)), ElementsAre("google/rpc/status.proto"));
}

TYPED_TEST(Reflection, AnswersWhatItDoesNotFindInTheStream) {
  typename TypeParam::Request request;
  auto expect_not_found = [&](const char* message) {
    const typename TypeParam::Response response = this->Ask(request);
    EXPECT_EQ(response.error_response().error_code(), 5);
    EXPECT_EQ(response.error_response().error_message(), message);
  };
  request.set_file_by_filename("no.proto");
  expect_not_found("not found: file no.proto");
  request.set_file_containing_symbol("no.Such");
  expect_not_found("not found: symbol no.Such");
  request.set_all_extension_numbers_of_type("no.Type");
  expect_not_found("not found: type no.Type");
  request.mutable_file_containing_extension()->set_containing_type("no.Type");
  request.mutable_file_containing_extension()->set_extension_number(7);
  expect_not_found("not found: extension 7 of no.Type");
  request.mutable_file_containing_extension()->set_containing_type("google.protobuf.FieldOptions");
  expect_not_found("not found: extension 7 of google.protobuf.FieldOptions");
  EXPECT_FALSE(this->stream_->stream().ended());
}

TYPED_TEST(Reflection, ANameThatIsNotFoundComesBackShortened) {
  typename TypeParam::Request request;
  std::string name(127, 'a');
  for (int i = 0; i < 100; ++i) {
    name += "\xc3\xa9";  // of two bytes each
  }
  request.set_file_by_filename(name);
  const typename TypeParam::Response response = this->Ask(request);
  EXPECT_EQ(response.error_response().error_message(),
            "not found: file " + std::string(127, 'a') + "...");
}

TYPED_TEST(Reflection, DescriptorsThatWaitOnManyStreamsExistOnce) {
  typename TypeParam::Request request;
  request.set_file_by_filename("google/protobuf/descriptor.proto");
  const std::string question = Frame(request.SerializeAsString());
  std::vector<std::unique_ptr<TestRequest>> streams;
  for (int i = 0; i < 10; ++i) {
    streams.push_back(
        std::make_unique<TestRequest>(this->application_, this->loop_, GrpcHead(TypeParam::kPath)));
    streams.back()->stream().CloseWindow();
    streams.back()->Data(question);
    EXPECT_GT(streams.back()->stream().unsent_bytes(), 5000U);
    EXPECT_LT(streams.back()->stream().owned, 200U);
  }
}

TYPED_TEST(Reflection, TellsExtensionNumbers) {
  typename TypeParam::Request request;
  request.set_all_extension_numbers_of_type("google.protobuf.FieldOptions");
  const typename TypeParam::Response response = this->Ask(request);
  EXPECT_EQ(response.all_extension_numbers_response().base_type_name(),
            "google.protobuf.FieldOptions");
  EXPECT_FALSE(response.has_error_response());
}

TYPED_TEST(Reflection, EndsWithTheClient) {
  this->stream_->End();
  EXPECT_EQ(this->stream_->status(), "0");
}

TYPED_TEST(Reflection, ARequestForNothingIsInvalid) {
  this->stream_->Data(Frame(""));
  EXPECT_EQ(this->stream_->status(), "3");
  EXPECT_THAT(this->stream_->message(), HasSubstr("message_request"));
}

TYPED_TEST(Reflection, WhatDoesNotParseIsInternal) {
  this->stream_->Data(Frame("\xff\xff"));
  EXPECT_EQ(this->stream_->status(), "13");
}

}  // namespace
}  // namespace credential_broker::rpc
