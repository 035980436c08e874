#include "rpc/reflection_descriptors.h"

#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"

namespace credential_broker::rpc {

using ::google::protobuf::Descriptor;
using ::google::protobuf::DescriptorPool;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::FileDescriptor;
using ::google::protobuf::ServiceDescriptor;

std::set<std::string> ReflectionDescriptors::ServiceNames() const {
  std::set<std::string> names;
  for (const ServiceDescriptor* service : router_.services()) {
    names.insert(service->full_name());
  }
  return names;
}

const FileDescriptor* ReflectionDescriptors::FileByName(const std::string& name) const {
  return FirstInPools([&](const DescriptorPool& pool) { return pool.FindFileByName(name); });
}

const FileDescriptor* ReflectionDescriptors::FileOfSymbol(const std::string& symbol) const {
  return FirstInPools(
      [&](const DescriptorPool& pool) { return pool.FindFileContainingSymbol(symbol); });
}

const FileDescriptor* ReflectionDescriptors::FileOfExtension(const std::string& type,
                                                             int number) const {
  return FirstInPools([&](const DescriptorPool& pool) -> const FileDescriptor* {
    const Descriptor* extendee = pool.FindMessageTypeByName(type);
    const FieldDescriptor* extension =
        extendee == nullptr ? nullptr : pool.FindExtensionByNumber(extendee, number);
    return extension == nullptr ? nullptr : extension->file();
  });
}

const Descriptor* ReflectionDescriptors::MessageType(const std::string& type) const {
  return FirstInPools([&](const DescriptorPool& pool) { return pool.FindMessageTypeByName(type); });
}

std::shared_ptr<const std::string> ReflectionDescriptors::EntryOf(const FileDescriptor* file) {
  MutexLock lock(mutex_);
  std::shared_ptr<const std::string>& entry = entries_[file];
  if (entry == nullptr) {
    google::protobuf::FileDescriptorProto proto;
    file->CopyTo(&proto);
    // CopyTo leaves them out, and clients that print JSON then invent names of their own.
    file->CopyJsonNameTo(&proto);
    grpc::reflection::v1::FileDescriptorResponse response;
    response.add_file_descriptor_proto(proto.SerializeAsString());
    entry = std::make_shared<const std::string>(response.SerializeAsString());
  }
  return entry;
}

template <typename Find>
auto ReflectionDescriptors::FirstInPools(Find find) const
    -> decltype(find(*DescriptorPool::generated_pool())) {
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

}  // namespace credential_broker::rpc
