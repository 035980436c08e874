#include "cli/call_recorder.h"

#include <utility>
#include <vector>

namespace credential_broker::cli {
namespace {

std::string_view TypeOf(const rpc::Method& method) {
  if (method.client_streaming) {
    return method.server_streaming ? "bidi_stream" : "client_stream";
  }
  return method.server_streaming ? "server_stream" : "unary";
}

}  // namespace

void CallRecorder::LearnMethods(const rpc::Router& router) {
  std::vector<observe::MethodName> names;
  for (const rpc::Method* method : router.methods()) {
    names.push_back({std::string(TypeOf(*method)), method->service, method->name});
  }
  metrics_.emplace(std::move(names));
}

}  // namespace credential_broker::cli
