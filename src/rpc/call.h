#ifndef CREDENTIAL_BROKER_RPC_CALL_H_
#define CREDENTIAL_BROKER_RPC_CALL_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/executor.h"
#include "core/peer.h"
#include "google/rpc/status.pb.h"

namespace credential_broker::rpc {

// A metadata entry. The value of a "-bin" name is the decoded bytes.
struct MetadataEntry {
  std::string name;
  std::string value;
};
using Metadata = std::vector<MetadataEntry>;

class Call;

// A way back to a call from another thread. Copyable, thread-safe; may outlive the call.
class CallRef {
 public:
  virtual ~CallRef() = default;
  // Runs `task` with the call on the call's loop, unless the call is over by then (Finish was
  // called, or its handler is gone): the task is then destroyed without being run. So the task may
  // use the handler.
  virtual void Post(absl::AnyInvocable<void(Call&) &&> task) = 0;
};

// The server's side of one RPC. On its loop's thread only; valid while its CallHandler lives.
class Call {
 public:
  virtual ~Call() = default;

  virtual const Peer& peer() const = 0;
  // All of the request's metadata, in order, without what HTTP/2 and gRPC reserve. Names are lower
  // case.
  virtual const Metadata& metadata() const = 0;
  // The first value of `name`, which is lower case; none where the client sent none.
  virtual std::optional<std::string_view> metadata(std::string_view name) const = 0;
  // grpc-timeout as received; none: the client waits without end.
  virtual std::optional<absl::Duration> timeout() const = 0;
  // The instant at which the call ends with DEADLINE_EXCEEDED by itself.
  virtual BootTime deadline() const = 0;

  // At most once, before the first message. Without it an empty one goes out with the first
  // message. Metadata to send, here and in Finish: names are lower-cased, values of "-bin" names
  // are encoded; an entry whose name is not a metadata name or is reserved, or whose value is not
  // printable ASCII, is left out.
  virtual void SendInitialMetadata(const Metadata& metadata) = 0;
  // Sends one serialized message.
  virtual void SendMessage(std::string message) = 0;
  // Sends one message that many calls share: made by FrameMessage.
  virtual void SendFramed(std::shared_ptr<const std::string> framed) = 0;
  // Sends one message that is framed already: see FillFramePrefix.
  virtual void SendFramed(std::string framed) = 0;
  // Sends one framed message in parts, so that its constant parts are shared: the message is
  // `head`, which begins with the prefix of the whole, and `rest` behind it.
  void SendFramed(std::string head, const std::vector<std::shared_ptr<const std::string>>& rest) {
    SendFramed(std::move(head));
    for (const std::shared_ptr<const std::string>& part : rest) {
      SendFramed(part);
    }
  }
  // Ends the call. `status.details` travel in grpc-status-details-bin; a code that gRPC does not
  // know becomes UNKNOWN. At most once; nothing is sent after it, and the handler hears nothing
  // more.
  virtual void Finish(const google::rpc::Status& status, const Metadata& trailers) = 0;
  void Finish(const google::rpc::Status& status) { Finish(status, {}); }
  void FinishOk() { Finish(google::rpc::Status::default_instance(), {}); }

  // Bytes of messages that the client has not taken yet.
  virtual std::size_t unsent_bytes() const = 0;

  // Takes back the messages that the client has not taken, so that a newer one can be sent in their
  // place. False: it has taken a part of them, and all stay.
  virtual bool TakeBack() = 0;

  virtual std::shared_ptr<CallRef> Ref() = 0;
  // Runs `task` once after `delay`, on the call's loop. The handler keeps the timer in a member, so
  // that it ends with the call.
  [[nodiscard]] virtual std::unique_ptr<Timer> RunAfter(absl::Duration delay,
                                                        absl::AnyInvocable<void() &&> task) = 0;
  // Where the call lives: for one who serves many calls, and posts one task for all of them. It may
  // be held beyond the server's end.
  virtual std::shared_ptr<Executor> executor() = 0;
};

// Names the handler of a call, or a part of it, from other threads and later batches: it is reached
// by a task that runs only while the handler lives. Copyable, thread-safe; may outlive the call.
template <typename T>
class HandlerRef {
 public:
  // `target`: the handler of `call`, or what the handler owns.
  HandlerRef(Call& call, T& target) : call_(call.Ref()), target_(&target) {}

  // Runs `task(target)` on the call's loop, or destroys it without running it (CallRef::Post).
  template <typename Task>
  void Post(Task task) const {
    call_->Post([target = target_, task = std::move(task)](Call& /*call*/) mutable {
      std::move(task)(*target);
    });
  }

 private:
  std::shared_ptr<CallRef> call_;
  T* target_;
};

// What serves one RPC. Destroyed when the call is over: finished and sent, cancelled by the client,
// past its deadline, or its connection lost. Never destroyed inside one of its own calls.
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  // One whole message; the view is valid during the call.
  virtual void OnMessage(std::string_view message) = 0;
  // The client sends no more messages.
  virtual void OnHalfClose() = 0;
  // All that was sent has been taken: unsent_bytes() is 0.
  virtual void OnDrained() {}
};

// A gRPC length-prefixed message: this many bytes of flags and length, then the message.
constexpr std::size_t kFramePrefixSize = 5;

// Writes the prefix of an uncompressed message over the first kFramePrefixSize bytes of `framed`;
// the rest of it is the message, or the first part of it where `more` bytes follow elsewhere.
void FillFramePrefix(std::string& framed, std::size_t more = 0);

// A framed message, to be shared by many calls.
std::shared_ptr<const std::string> FrameMessage(std::string_view message);

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_CALL_H_
