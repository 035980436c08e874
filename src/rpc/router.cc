#include "rpc/router.h"

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "base/strings.h"
#include "google/protobuf/descriptor.h"

namespace credential_broker::rpc {
namespace {

[[noreturn]] void EndProcess(const std::string& mistake) {
  std::cerr << "Router::Add: " << mistake << "\n" << std::flush;
  std::abort();
}

}  // namespace

void Router::Add(const google::protobuf::ServiceDescriptor& service, std::string_view method,
                 HandlerFactory factory, MethodOptions options) {
  const google::protobuf::MethodDescriptor* descriptor =
      service.FindMethodByName(std::string(method));
  if (descriptor == nullptr) {
    EndProcess(StrCat(service.full_name(), " has no method ", method));
  }
  Method entry{service.full_name(),
               descriptor->name(),
               methods_.size(),
               descriptor->client_streaming(),
               descriptor->server_streaming(),
               std::move(factory),
               options};
  if (!methods_.emplace(StrCat("/", service.full_name(), "/", method), std::move(entry)).second) {
    EndProcess(StrCat(service.full_name(), "/", method, " is there already"));
  }
  if (std::find(services_.begin(), services_.end(), &service) == services_.end()) {
    services_.push_back(&service);
  }
}

const Method* Router::Find(std::string_view path) const {
  auto it = methods_.find(path);
  return it == methods_.end() ? nullptr : &it->second;
}

std::vector<const Method*> Router::methods() const {
  std::vector<const Method*> methods(methods_.size());
  for (const auto& [path, method] : methods_) {
    methods[method.index] = &method;
  }
  return methods;
}

}  // namespace credential_broker::rpc
