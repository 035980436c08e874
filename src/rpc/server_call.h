#ifndef CREDENTIAL_BROKER_RPC_SERVER_CALL_H_
#define CREDENTIAL_BROKER_RPC_SERVER_CALL_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "h2/stream.h"
#include "rpc/admission.h"
#include "rpc/answer.h"
#include "rpc/call.h"
#include "rpc/call_observer.h"
#include "rpc/counters.h"
#include "rpc/loop_call_ref.h"
#include "rpc/message_reader.h"
#include "rpc/request_check.h"
#include "rpc/request_metadata.h"

namespace credential_broker::rpc {

// What all calls of one application share.
struct CallEnvironment {
  const Clock& clock;
  CallObserver* observer;  // may be null
  Counters& counters;
  Admission* admission = nullptr;  // null: no limit
};

// One call: the HTTP/2 stream below and the handler above, on the stream's loop.
//
// Flow control: bytes are given back to the client as they are read, also in the middle of a
// message, so that a message may be larger than the window. They are held back only while the
// client leaves our messages unread, beyond kMaxUnsent: then its own messages wait, and its window
// bounds how many.
class ServerCall final : public h2::RequestHandler, public Call {
 public:
  // Beyond this many bytes that the client has not taken, no more of its messages are handled.
  // Little: a connection may hold as much on each of its streams, and when all are taken at once,
  // all handle so many messages before others have their turn.
  static constexpr std::size_t kMaxUnsent = 1024;

  ServerCall(h2::Stream& stream, const AcceptedRequest& request, RequestMetadata metadata,
             CallEnvironment environment);
  ~ServerCall() override;
  ServerCall(const ServerCall&) = delete;
  ServerCall& operator=(const ServerCall&) = delete;

  // Makes the handler and sets the deadline.
  void Start();

  // h2::RequestHandler
  void OnData(std::string_view bytes) override;
  void OnEnd() override;
  void OnDrained() override;

  // Call
  const Peer& peer() const override { return stream_.peer(); }
  const Metadata& metadata() const override { return metadata_.all(); }
  std::optional<std::string_view> metadata(std::string_view name) const override {
    return metadata_.Find(name);
  }
  std::optional<absl::Duration> timeout() const override { return request_.timeout; }
  BootTime deadline() const override { return deadline_; }
  void SendInitialMetadata(const Metadata& metadata) override;
  void SendMessage(std::string message) override;
  void SendFramed(std::shared_ptr<const std::string> framed) override { Send(std::move(framed)); }
  void SendFramed(std::string framed) override { Send(std::move(framed)); }
  using Call::SendFramed;
  void Finish(const google::rpc::Status& status, const Metadata& trailers) override;
  using Call::Finish;
  std::size_t unsent_bytes() const override { return answer_.unsent_bytes(); }
  bool TakeBack() override { return !closed_ && answer_.TakeBack(); }
  std::shared_ptr<CallRef> Ref() override;
  std::unique_ptr<Timer> RunAfter(absl::Duration delay,
                                  absl::AnyInvocable<void() &&> task) override {
    return stream_.loop().RunAfter(delay, std::move(task));
  }
  std::shared_ptr<Executor> executor() override { return stream_.loop().shared_from_this(); }

 private:
  // Handles what has been read, as far as the client takes our messages, and gives the bytes back.
  void Pump();
  // What was held back goes back to the client's windows.
  void GiveBack();
  // True: all that can be handled by now has been.
  bool HandleMessages();
  void HandleMessage(std::string_view message);
  void HandleHalfClose();
  // Passes a message to the handler, unless Admission refuses it, which ends the call.
  void Deliver(std::string_view message);
  // Ends the call for the client's mistake; the handler is not waited for.
  void Fail(const google::rpc::Status& status);
  void OnDeadline();
  void Send(h2::Payload framed);
  // The call's status is known. From then on nothing reaches the handler, and nothing that it sends
  // goes out.
  void Close(absl::StatusCode code);

  h2::Stream& stream_;
  const AcceptedRequest request_;
  const RequestMetadata metadata_;
  const CallEnvironment environment_;
  const BootTime start_;
  const BootTime deadline_;

  Answer answer_;
  MessageReader reader_;
  std::size_t held_ = 0;  // bytes that the client has not been given back
  bool half_closed_ = false;
  // Of a method that takes one message. It is handled once it is known to be the only one.
  std::optional<std::string> only_message_;
  bool too_many_messages_ = false;

  std::shared_ptr<LoopCallRef> ref_;  // null: nobody has asked
  std::unique_ptr<Timer> timer_;
  std::unique_ptr<CallHandler> handler_;
  bool closed_ = false;  // see Close
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_SERVER_CALL_H_
