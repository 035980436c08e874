#ifndef CREDENTIAL_BROKER_CLI_GRPC_CHANNEL_H_
#define CREDENTIAL_BROKER_CLI_GRPC_CHANNEL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "cli/connection.h"
#include "cli/rpc_error.h"

namespace grpc {  // NOLINT(readability-identifier-naming): gRPC's names
class Channel;
class ClientContext;
class Status;
}  // namespace grpc

namespace credential_broker::cli {

// A way to a broker by grpc++, with what the files of the options hold now.
class GrpcChannel {
 public:
  // Fails where a file that the options name is no good; nothing is connected to before the first
  // call.
  static absl::StatusOr<GrpcChannel> Open(const ConnectionOptions& options);

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }

  // Has the call tell who makes it, where a file said so.
  void Authorize(grpc::ClientContext& context) const;

  RpcError ToError(const grpc::Status& status) const;

 private:
  GrpcChannel(Endpoint endpoint, std::shared_ptr<grpc::Channel> channel, Secret bearer_token);

  Endpoint endpoint_;
  std::shared_ptr<grpc::Channel> channel_;
  Secret bearer_token_;  // empty: none
};

}  // namespace credential_broker::cli

#endif  // CREDENTIAL_BROKER_CLI_GRPC_CHANNEL_H_
