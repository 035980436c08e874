#include "rpc/test_service.h"

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "rpc/call.h"

namespace credential_broker::rpc {
namespace {

google::protobuf::FileDescriptorProto File() {
  google::protobuf::FileDescriptorProto file;
  file.set_name("test/kinds.proto");
  file.set_package("test");
  file.add_message_type()->set_name("Text");
  google::protobuf::ServiceDescriptorProto& service = *file.add_service();
  service.set_name("Kinds");
  auto add = [&service](const char* name, bool client_streaming, bool server_streaming) {
    google::protobuf::MethodDescriptorProto& method = *service.add_method();
    method.set_name(name);
    method.set_input_type("test.Text");
    method.set_output_type("test.Text");
    method.set_client_streaming(client_streaming);
    method.set_server_streaming(server_streaming);
  };
  add("One", false, false);
  add("Down", false, true);
  add("Up", true, false);
  add("Both", true, true);
  return file;
}

}  // namespace

const google::protobuf::ServiceDescriptor& TestService() {
  static auto& pool = *new google::protobuf::DescriptorPool();
  static const google::protobuf::FileDescriptor& file = *pool.BuildFile(File());
  return *file.FindServiceByName("Kinds");
}

std::string Frame(std::string_view message, char flags) {
  std::string framed = *FrameMessage(message);
  framed[0] = flags;
  return framed;
}

}  // namespace credential_broker::rpc
