#ifndef CREDENTIAL_BROKER_RPC_ROUTER_H_
#define CREDENTIAL_BROKER_RPC_ROUTER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rpc/call.h"

namespace google::protobuf {
class ServiceDescriptor;
}

namespace credential_broker::rpc {

struct MethodOptions {
  // Bytes of one request message; beyond: RESOURCE_EXHAUSTED. Each stream of a connection may hold
  // so much of ours: little is right for a method that asks little.
  std::size_t max_message = 64 * 1024;
  // Each request message counts as one call of the connection's principal (Admission). For methods
  // that authenticate no caller themselves.
  bool counted = false;
};

// Makes the handler of one call, when its headers are complete. Called on every loop's thread. It
// may finish the call at once, and then may return null.
using HandlerFactory = std::function<std::unique_ptr<CallHandler>(Call&)>;

struct Method {
  std::string service;    // "grpc.health.v1.Health"
  std::string name;       // "Check"
  std::size_t index = 0;  // counted from 0 in the order of Add
  bool client_streaming = false;
  bool server_streaming = false;
  HandlerFactory factory;
  MethodOptions options;
};

// The services of one listener, by descriptor. Filled before the listener starts; then immutable
// and thread-safe.
class Router {
 public:
  // Adds the method `method` of `service`; ends the process if the descriptor has no such method or
  // it was added before, which are mistakes of the program. Methods of a service that are never
  // added answer UNIMPLEMENTED.
  void Add(const google::protobuf::ServiceDescriptor& service, std::string_view method,
           HandlerFactory factory, MethodOptions options = {});

  // The method at an HTTP/2 path "/package.Service/Method"; null: unknown.
  const Method* Find(std::string_view path) const;

  // The services with at least one method, for reflection.
  const std::vector<const google::protobuf::ServiceDescriptor*>& services() const {
    return services_;
  }

  // By their index.
  std::vector<const Method*> methods() const;

 private:
  // Lets Find look up a view without a copy of it.
  struct PathHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view path) const {
      return std::hash<std::string_view>()(path);
    }
  };
  std::unordered_map<std::string, Method, PathHash, std::equal_to<>> methods_;
  std::vector<const google::protobuf::ServiceDescriptor*> services_;
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_ROUTER_H_
