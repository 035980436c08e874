#include "rpc/answer.h"

#include <cstdint>
#include <string>
#include <utility>

#include "rpc/header_list.h"
#include "rpc/status.h"
#include "rpc/wire_text.h"

namespace credential_broker::rpc {
namespace {

constexpr std::uint32_t kCancel = 0x8;  // RFC 9113 §7

constexpr h2::HeaderView kContentType{"content-type", "application/grpc"};
constexpr h2::HeaderView kHeaders[] = {{":status", "200"}, kContentType};
constexpr h2::HeaderView kOkTrailers[] = {{"grpc-status", "0"}};

void AddStatus(const google::rpc::Status& status, HeaderList& list) {
  const absl::StatusCode code = CodeOf(status);
  list.AddOwned("grpc-status", std::to_string(static_cast<int>(code)));
  if (!status.message().empty()) {
    list.AddOwned("grpc-message", PercentEncode(status.message()));
  }
  if (status.details_size() > 0) {
    google::rpc::Status detailed = status;
    detailed.set_code(static_cast<int>(code));
    list.AddOwned("grpc-status-details-bin", EncodeBinary(detailed.SerializeAsString()));
  }
}

}  // namespace

void SendRefusal(h2::Stream& stream, const RefusedRequest& refused) {
  HeaderList list;
  list.Add(":status", refused.http_status);
  list.Add(kContentType.name, kContentType.value);
  AddStatus(refused.status, list);
  list.Add(refused.extra);
  stream.SendHeadersOnly(list.fields());
}

void Answer::SendHeaders(const Metadata& metadata) {
  if (headers_sent_) {
    return;
  }
  headers_sent_ = true;
  if (metadata.empty()) {
    stream_.SendHeaders(kHeaders);
    return;
  }
  HeaderList list;
  list.Add(kHeaders);
  list.Add(metadata);
  stream_.SendHeaders(list.fields());
}

void Answer::SendMessage(h2::Payload framed) {
  SendHeaders({});
  stream_.SendData(std::move(framed));
}

void Answer::Finish(const google::rpc::Status& status, const Metadata& trailers) {
  if (headers_sent_ && status.code() == 0 && status.message().empty() && trailers.empty()) {
    stream_.SendTrailers(kOkTrailers);
    return;
  }
  HeaderList list;
  if (!headers_sent_) {
    list.Add(kHeaders);
  }
  AddStatus(status, list);
  list.Add(trailers);
  if (headers_sent_) {
    stream_.SendTrailers(list.fields());
  } else {
    stream_.SendHeadersOnly(list.fields());
  }
}

void Answer::Abort() { stream_.Reset(kCancel); }

}  // namespace credential_broker::rpc
