#include "rpc/reflection_service.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/strings.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "rpc/call.h"
#include "rpc/unary.h"

namespace credential_broker::rpc {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::DescriptorPool;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::FileDescriptor;
using ::google::protobuf::ServiceDescriptor;

// A request is a name or two.
constexpr MethodOptions kOptions{.max_message = 4 * 1024};

// What the router's services are described by.
class Descriptors {
 public:
  explicit Descriptors(const Router& router) : router_(router) {}

  std::set<std::string> ServiceNames() const {
    std::set<std::string> names;
    for (const ServiceDescriptor* service : router_.services()) {
      names.insert(service->full_name());
    }
    return names;
  }

  const FileDescriptor* FileByName(const std::string& name) const {
    return FirstInPools([&](const DescriptorPool& pool) { return pool.FindFileByName(name); });
  }

  const FileDescriptor* FileOfSymbol(const std::string& symbol) const {
    return FirstInPools(
        [&](const DescriptorPool& pool) { return pool.FindFileContainingSymbol(symbol); });
  }

  const FileDescriptor* FileOfExtension(const std::string& type, int number) const {
    return FirstInPools([&](const DescriptorPool& pool) -> const FileDescriptor* {
      const Descriptor* extendee = pool.FindMessageTypeByName(type);
      const FieldDescriptor* extension =
          extendee == nullptr ? nullptr : pool.FindExtensionByNumber(extendee, number);
      return extension == nullptr ? nullptr : extension->file();
    });
  }

  const Descriptor* MessageType(const std::string& type) const {
    return FirstInPools(
        [&](const DescriptorPool& pool) { return pool.FindMessageTypeByName(type); });
  }

 private:
  template <typename Find>
  auto FirstInPools(Find find) const -> decltype(find(*DescriptorPool::generated_pool())) {
    std::set<const DescriptorPool*> pools;
    for (const ServiceDescriptor* service : router_.services()) {
      pools.insert(service->file()->pool());
    }
    for (const DescriptorPool* pool : pools) {
      if (auto* found = find(*pool)) {
        return found;
      }
    }
    return nullptr;
  }

  const Router& router_;
};

// One stream of questions. Request and Response are those of v1 or of v1alpha, which differ in name
// only.
template <typename Request, typename Response>
class ReflectionHandler : public CallHandler {
 public:
  ReflectionHandler(Call& call, const Router& router) : call_(call), descriptors_(router) {}

  void OnMessage(std::string_view message) override {
    Request request;
    if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
      call_.Finish(
          MakeStatus(absl::StatusCode::kInternal, "the request is not a " + request.GetTypeName()));
      return;
    }
    Response response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    if (!Answer(request, response)) {
      call_.Finish(MakeStatus(absl::StatusCode::kInvalidArgument,
                              "the request asks for nothing: message_request is not set"));
      return;
    }
    call_.SendFramed(SerializeFramed(response));
  }

  void OnHalfClose() override { call_.FinishOk(); }

 private:
  bool Answer(const Request& request, Response& response) {
    switch (request.message_request_case()) {
      case Request::kFileByFilename:
        SendFile(descriptors_.FileByName(request.file_by_filename()),
                 StrCat("file ", request.file_by_filename()), response);
        return true;
      case Request::kFileContainingSymbol:
        SendFile(descriptors_.FileOfSymbol(request.file_containing_symbol()),
                 StrCat("symbol ", request.file_containing_symbol()), response);
        return true;
      case Request::kFileContainingExtension: {
        const auto& extension = request.file_containing_extension();
        SendFile(
            descriptors_.FileOfExtension(extension.containing_type(), extension.extension_number()),
            StrCat("extension ", extension.extension_number(), " of ", extension.containing_type()),
            response);
        return true;
      }
      case Request::kAllExtensionNumbersOfType:
        SendExtensionNumbers(request.all_extension_numbers_of_type(), response);
        return true;
      case Request::kListServices:
        for (const std::string& name : descriptors_.ServiceNames()) {
          response.mutable_list_services_response()->add_service()->set_name(name);
        }
        return true;
      case Request::MESSAGE_REQUEST_NOT_SET:
        break;
    }
    return false;
  }

  // The file, whether or not it was sent before, and all it imports that was not.
  void SendFile(const FileDescriptor* file, const std::string& asked, Response& response) {
    if (file == nullptr) {
      SendNotFound(asked, response);
      return;
    }
    sent_.erase(file);
    std::vector<const FileDescriptor*> left{file};
    while (!left.empty()) {
      const FileDescriptor* next = left.back();
      left.pop_back();
      if (!sent_.insert(next).second) {
        continue;
      }
      google::protobuf::FileDescriptorProto proto;
      next->CopyTo(&proto);
      // CopyTo leaves them out, and clients that print JSON then invent names of their own.
      next->CopyJsonNameTo(&proto);
      response.mutable_file_descriptor_response()->add_file_descriptor_proto(
          proto.SerializeAsString());
      for (int i = 0; i < next->dependency_count(); ++i) {
        left.push_back(next->dependency(i));
      }
    }
  }

  void SendExtensionNumbers(const std::string& type, Response& response) {
    const Descriptor* extendee = descriptors_.MessageType(type);
    if (extendee == nullptr) {
      SendNotFound("type " + type, response);
      return;
    }
    std::vector<const FieldDescriptor*> extensions;
    extendee->file()->pool()->FindAllExtensions(extendee, &extensions);
    auto& numbers = *response.mutable_all_extension_numbers_response();
    numbers.set_base_type_name(type);
    for (const FieldDescriptor* extension : extensions) {
      numbers.add_extension_number(extension->number());
    }
    std::sort(numbers.mutable_extension_number()->begin(),
              numbers.mutable_extension_number()->end());
  }

  static void SendNotFound(const std::string& asked, Response& response) {
    auto& error = *response.mutable_error_response();
    error.set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
    error.set_error_message(StrCat("not found: ", asked));
  }

  Call& call_;
  Descriptors descriptors_;
  std::unordered_set<const FileDescriptor*> sent_;
};

template <typename Request, typename Response>
void AddVersion(Router& router) {
  router.Add(
      *Request::descriptor()->file()->FindServiceByName("ServerReflection"), "ServerReflectionInfo",
      [&router](Call& call) {
        return std::make_unique<ReflectionHandler<Request, Response>>(call, router);
      },
      kOptions);
}

}  // namespace

void AddReflection(Router& router) {
  AddVersion<grpc::reflection::v1::ServerReflectionRequest,
             grpc::reflection::v1::ServerReflectionResponse>(router);
  AddVersion<grpc::reflection::v1alpha::ServerReflectionRequest,
             grpc::reflection::v1alpha::ServerReflectionResponse>(router);
}

}  // namespace credential_broker::rpc
