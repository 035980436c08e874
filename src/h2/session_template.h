#ifndef CREDENTIAL_BROKER_H2_SESSION_TEMPLATE_H_
#define CREDENTIAL_BROKER_H2_SESSION_TEMPLATE_H_

#include <nghttp2/nghttp2.h>

#include <memory>

#include "h2/frame_buffers.h"
#include "h2/limits.h"

namespace credential_broker::h2 {

class Http2Session;

struct NgSessionDeleter {
  void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
};
using NgSessionPtr = std::unique_ptr<nghttp2_session, NgSessionDeleter>;

// nghttp2's callbacks, options and memory: the same for all sessions of a listener. Thread-safe.
class SessionTemplate {
 public:
  explicit SessionTemplate(const Limits& limits);

  // A server's session that calls `session` back, its first SETTINGS queued. Null: out of memory.
  NgSessionPtr Make(Http2Session& session) const;

  // Where a stream's DATA comes from: StreamImpl::PrepareData of the stream with that number, if it
  // is still open. Names no object.
  static nghttp2_data_provider DataProvider();

 private:
  struct CallbacksDeleter {
    void operator()(nghttp2_session_callbacks* c) const { nghttp2_session_callbacks_del(c); }
  };
  struct OptionDeleter {
    void operator()(nghttp2_option* o) const { nghttp2_option_del(o); }
  };

  const Limits& limits_;
  const std::unique_ptr<FrameBuffers> buffers_;
  std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter> callbacks_;
  std::unique_ptr<nghttp2_option, OptionDeleter> option_;
};

}  // namespace credential_broker::h2

#endif  // CREDENTIAL_BROKER_H2_SESSION_TEMPLATE_H_
