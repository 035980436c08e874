#ifndef CREDENTIAL_BROKER_RPC_REFLECTION_DESCRIPTORS_H_
#define CREDENTIAL_BROKER_RPC_REFLECTION_DESCRIPTORS_H_

#include <memory>
#include <set>
#include <string>
#include <unordered_map>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "google/protobuf/descriptor.h"
#include "rpc/router.h"

namespace credential_broker::rpc {

// What the services of a router are described by. Thread-safe.
class ReflectionDescriptors {
 public:
  // `router` outlives this object.
  explicit ReflectionDescriptors(const Router& router) : router_(router) {}

  std::set<std::string> ServiceNames() const;

  // Null where there is none.
  const google::protobuf::FileDescriptor* FileByName(const std::string& name) const;
  const google::protobuf::FileDescriptor* FileOfSymbol(const std::string& symbol) const;
  const google::protobuf::FileDescriptor* FileOfExtension(const std::string& type,
                                                          int number) const;
  const google::protobuf::Descriptor* MessageType(const std::string& type) const;

  // Returns `file` as it stands in a serialized FileDescriptorResponse: the field
  // file_descriptor_proto with its tag and length. Every call for a file returns the same string,
  // so that what streams have queued of it exists once.
  std::shared_ptr<const std::string> EntryOf(const google::protobuf::FileDescriptor* file);

 private:
  template <typename Find>
  auto FirstInPools(Find find) const
      -> decltype(find(*google::protobuf::DescriptorPool::generated_pool()));

  const Router& router_;
  Mutex mutex_;
  std::unordered_map<const google::protobuf::FileDescriptor*, std::shared_ptr<const std::string>>
      entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_REFLECTION_DESCRIPTORS_H_
