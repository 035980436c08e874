#ifndef CREDENTIAL_BROKER_TESTS_WALK_APPLICATION_H_
#define CREDENTIAL_BROKER_TESTS_WALK_APPLICATION_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "h2/stream.h"
#include "rpc/router.h"
#include "walk/reached.h"

namespace credential_broker::walk {

// What handlers do is up to their clients: a letter is an operation.
//
//   h  headers                  t  trailers, after what is queued
//   d  40 bytes of data         o  headers alone, as the whole response
//   D  20 KB                    r  reset; in gRPC: an error with details
//   L  300 KB                   b  take back what is queued
//   s  1 KB that streams share  c  consume what has been received
//   p  a task posted to the loop that does d
//   m  a timer of 1 ms that does d; M: the same of 50 ms
//
// Other letters do nothing. A handler leaves out what Stream's contract forbids: data before
// headers, anything after the end.
constexpr std::string_view kOperations = "hdDLstorbcpmM";

// Ways to live handlers from other threads, a bounded number of them. They outlive the handlers,
// and the server too: a push to what is gone has to be harmless. Thread-safe.
class Pushes {
 public:
  using Push = std::function<void(char operation)>;

  void Add(Push push);
  // Pushes to one of them; `random` chooses which.
  void Run(std::size_t random, char operation);

 private:
  static constexpr std::size_t kMost = 512;

  Mutex mutex_;
  std::size_t added_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Push> pushes_ ABSL_GUARDED_BY(mutex_);
};

// Serves HTTP/2 streams. A path holds four programs, "/open.end.drained.destroyed", which run at
// those events of the handler; bytes of the body are operations, too. Thread-safe.
class StreamApplication final : public h2::Application {
 public:
  // Both outlive the application.
  StreamApplication(Reached& reached, Pushes& pushes) : reached_(reached), pushes_(pushes) {}

  std::unique_ptr<h2::RequestHandler> OnRequest(h2::Stream& stream, h2::RequestHead head) override;

 private:
  Reached& reached_;
  Pushes& pushes_;
};

// Adds handlers to `router` for the methods of rpc::TestService() that work like that: operations
// are the bytes of messages; the metadata "x-drained" is the program for OnDrained.
void AddCallHandlers(rpc::Router& router, Reached& reached, Pushes& pushes);

}  // namespace credential_broker::walk

#endif  // CREDENTIAL_BROKER_TESTS_WALK_APPLICATION_H_
