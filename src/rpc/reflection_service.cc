#include "rpc/reflection_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/wire_format_lite.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "rpc/call.h"
#include "rpc/reflection_descriptors.h"
#include "rpc/unary.h"

namespace credential_broker::rpc {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::FileDescriptor;
using ::google::protobuf::internal::WireFormatLite;
using ::google::protobuf::io::CodedOutputStream;

// A request is a name or two, and comes back in the response, which may wait on every stream.
constexpr MethodOptions kReflectionOptions{.max_message = 1024, .counted = true};
// Of a name that is not found, in the response to a request that has it already.
constexpr std::size_t kMaxNameInError = 128;

// The parts of a FileDescriptorResponse.
using FileEntries = std::vector<std::shared_ptr<const std::string>>;

// Returns `response`, framed, as it is with a file_descriptor_response of `entries` behind it, and
// without their bytes.
template <typename Response>
std::string FrameBefore(const Response& response, const FileEntries& entries) {
  std::size_t size = 0;
  for (const std::shared_ptr<const std::string>& entry : entries) {
    size += entry->size();
  }
  std::string framed(kFramePrefixSize, '\0');
  response.AppendToString(&framed);
  {
    google::protobuf::io::StringOutputStream stream(&framed);
    CodedOutputStream out(&stream);
    out.WriteTag(WireFormatLite::MakeTag(Response::kFileDescriptorResponseFieldNumber,
                                         WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
    out.WriteVarint64(size);
  }
  FillFramePrefix(framed, size);
  return framed;
}

// One stream of questions. Request and Response are those of v1 or of v1alpha, which differ in name
// only.
template <typename Request, typename Response>
class ReflectionHandler : public CallHandler {
 public:
  ReflectionHandler(Call& call, std::shared_ptr<ReflectionDescriptors> descriptors)
      : call_(call), descriptors_(std::move(descriptors)) {}

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
    FileEntries files;
    if (!Answer(request, response, files)) {
      call_.Finish(MakeStatus(absl::StatusCode::kInvalidArgument,
                              "the request asks for nothing: message_request is not set"));
      return;
    }
    if (files.empty()) {
      call_.SendFramed(SerializeFramed(response));
    } else {
      call_.SendFramed(FrameBefore(response, files), files);
    }
  }

  void OnHalfClose() override { call_.FinishOk(); }

 private:
  // Fills the response, or `files` where it is a file_descriptor_response. False: the request is
  // empty.
  bool Answer(const Request& request, Response& response, FileEntries& files) {
    switch (request.message_request_case()) {
      case Request::kFileByFilename:
        if (!AddFile(descriptors_->FileByName(request.file_by_filename()), files)) {
          SetNotFound(StrCat("file ", Shortened(request.file_by_filename())), response);
        }
        return true;
      case Request::kFileContainingSymbol:
        if (!AddFile(descriptors_->FileOfSymbol(request.file_containing_symbol()), files)) {
          SetNotFound(StrCat("symbol ", Shortened(request.file_containing_symbol())), response);
        }
        return true;
      case Request::kFileContainingExtension: {
        const auto& extension = request.file_containing_extension();
        if (!AddFile(descriptors_->FileOfExtension(extension.containing_type(),
                                                   extension.extension_number()),
                     files)) {
          SetNotFound(StrCat("extension ", extension.extension_number(), " of ",
                             Shortened(extension.containing_type())),
                      response);
        }
        return true;
      }
      case Request::kAllExtensionNumbersOfType:
        SetExtensionNumbers(request.all_extension_numbers_of_type(), response);
        return true;
      case Request::kListServices:
        for (const std::string& name : descriptors_->ServiceNames()) {
          response.mutable_list_services_response()->add_service()->set_name(name);
        }
        return true;
      case Request::MESSAGE_REQUEST_NOT_SET:
        break;
    }
    return false;
  }

  // Adds the file, whether or not it was sent before, and all it imports that was not. False: there
  // is no file.
  bool AddFile(const FileDescriptor* file, FileEntries& files) {
    if (file == nullptr) {
      return false;
    }
    sent_.erase(file);
    std::vector<const FileDescriptor*> left{file};
    while (!left.empty()) {
      const FileDescriptor* next = left.back();
      left.pop_back();
      if (!sent_.insert(next).second) {
        continue;
      }
      files.push_back(descriptors_->EntryOf(next));
      for (int i = 0; i < next->dependency_count(); ++i) {
        left.push_back(next->dependency(i));
      }
    }
    return true;
  }

  void SetExtensionNumbers(const std::string& type, Response& response) {
    const Descriptor* extendee = descriptors_->MessageType(type);
    if (extendee == nullptr) {
      SetNotFound(StrCat("type ", Shortened(type)), response);
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

  static std::string Shortened(const std::string& name) {
    if (name.size() <= kMaxNameInError) {
      return name;
    }
    std::size_t size = kMaxNameInError;
    while (size > 0 && (name[size] & 0xC0) == 0x80) {
      --size;  // not in the middle of a character
    }
    return name.substr(0, size) + "...";
  }

  static void SetNotFound(const std::string& asked, Response& response) {
    auto& error = *response.mutable_error_response();
    error.set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
    error.set_error_message(StrCat("not found: ", asked));
  }

  Call& call_;
  const std::shared_ptr<ReflectionDescriptors> descriptors_;
  std::unordered_set<const FileDescriptor*> sent_;
};

template <typename Request, typename Response>
void AddVersion(Router& router, const std::shared_ptr<ReflectionDescriptors>& descriptors) {
  router.Add(
      *Request::descriptor()->file()->FindServiceByName("ServerReflection"), "ServerReflectionInfo",
      [descriptors](Call& call) {
        return std::make_unique<ReflectionHandler<Request, Response>>(call, descriptors);
      },
      kReflectionOptions);
}

}  // namespace

void AddReflection(Router& router) {
  auto descriptors = std::make_shared<ReflectionDescriptors>(router);
  AddVersion<grpc::reflection::v1::ServerReflectionRequest,
             grpc::reflection::v1::ServerReflectionResponse>(router, descriptors);
  AddVersion<grpc::reflection::v1alpha::ServerReflectionRequest,
             grpc::reflection::v1alpha::ServerReflectionResponse>(router, descriptors);
}

}  // namespace credential_broker::rpc
