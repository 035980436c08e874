#include "conformance/conformance_request.h"

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "rpc/wire_text.h"

namespace credential_broker {

RequestInfo ReadRequestInfo(const rpc::Call& call) {
  RequestInfo info;
  for (const rpc::MetadataEntry& entry : call.metadata()) {
    conformance::Header* header = nullptr;
    for (conformance::Header& earlier : *info.mutable_request_headers()) {
      if (earlier.name() == entry.name) {
        header = &earlier;
      }
    }
    if (header == nullptr) {
      header = info.add_request_headers();
      header->set_name(entry.name);
    }
    header->add_value(rpc::IsBinaryName(entry.name) ? rpc::EncodeBinary(entry.value) : entry.value);
  }
  if (call.timeout()) {
    info.set_timeout_ms(absl::ToInt64Milliseconds(*call.timeout()));
  }
  return info;
}

rpc::Metadata ToMetadata(const google::protobuf::RepeatedPtrField<conformance::Header>& headers) {
  rpc::Metadata metadata;
  for (const conformance::Header& header : headers) {
    for (const std::string& value : header.value()) {
      metadata.push_back({header.name(), rpc::IsBinaryName(header.name())
                                             ? rpc::DecodeBinary(value).value_or(value)
                                             : value});
    }
  }
  return metadata;
}

google::rpc::Status ToStatus(const conformance::Error& error) {
  google::rpc::Status status;
  status.set_code(error.code());
  status.set_message(error.message());
  *status.mutable_details() = error.details();
  return status;
}

}  // namespace credential_broker
