#include "rpc/request_check.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "base/strings.h"
#include "rpc/request_metadata.h"
#include "rpc/status.h"
#include "rpc/timeout.h"
#include "rpc/wire_text.h"

namespace credential_broker::rpc {
namespace {

// Of a text from the request, how much an answer repeats.
constexpr std::size_t kMaxShown = 200;

std::string Shown(std::string_view text) {
  return absl::CEscape(ToAbsl(text.substr(0, kMaxShown)));
}

RefusedRequest Refuse(absl::StatusCode code, std::string message) {
  return {MakeStatus(code, std::move(message))};
}

enum class ContentType { kNotGrpc, kProto, kOtherMessages };

ContentType ParseContentType(std::string_view value) {
  constexpr std::string_view kGrpc = "application/grpc";
  const std::string_view type = value.substr(0, value.find_first_of("; "));
  if (!absl::StartsWithIgnoreCase(ToAbsl(type), ToAbsl(kGrpc))) {
    return ContentType::kNotGrpc;
  }
  const std::string_view messages = type.substr(kGrpc.size());
  if (messages.empty() || absl::EqualsIgnoreCase(ToAbsl(messages), "+proto")) {
    return ContentType::kProto;
  }
  return messages.front() == '+' ? ContentType::kOtherMessages : ContentType::kNotGrpc;
}

// The fields that gRPC itself reads. Of duplicates the first counts.
struct ProtocolFields {
  std::optional<std::string_view> content_type;
  std::optional<std::string_view> te;
  std::optional<std::string_view> encoding;
  std::optional<std::string_view> timeout;
};

ProtocolFields FindProtocolFields(const h2::RequestHead& head) {
  ProtocolFields found;
  auto keep_first = [](std::optional<std::string_view>& place, std::string_view value) {
    if (!place) {
      place = value;
    }
  };
  for (const h2::Header& field : head.headers) {
    if (field.name == "content-type") {
      keep_first(found.content_type, field.value);
    } else if (field.name == "te") {
      keep_first(found.te, field.value);
    } else if (field.name == "grpc-encoding") {
      keep_first(found.encoding, field.value);
    } else if (field.name == "grpc-timeout") {
      keep_first(found.timeout, field.value);
    }
  }
  return found;
}

// What is wrong with the request as HTTP; none: nothing. UNKNOWN is what gRPC's clients make of
// these HTTP statuses.
std::optional<RefusedRequest> CheckHttp(const h2::RequestHead& head, const ProtocolFields& fields) {
  if (head.too_large) {
    return Refuse(absl::StatusCode::kResourceExhausted,
                  "the request's header list is larger than this server takes");
  }
  if (head.method != "POST") {
    RefusedRequest refused = Refuse(absl::StatusCode::kUnknown,
                                    StrCat("method ", Shown(head.method), ": gRPC calls are POST"));
    refused.http_status = "405";
    refused.extra.push_back({"allow", "POST"});
    return refused;
  }
  const std::string_view content_type = fields.content_type.value_or("");
  switch (ParseContentType(content_type)) {
    case ContentType::kProto:
      return std::nullopt;
    case ContentType::kOtherMessages:
      return Refuse(absl::StatusCode::kInternal,
                    StrCat("content-type ", Shown(content_type),
                           ": messages are taken as application/grpc+proto only"));
    case ContentType::kNotGrpc:
      break;
  }
  RefusedRequest refused =
      Refuse(absl::StatusCode::kUnknown,
             StrCat("content-type \"", Shown(content_type), "\": send application/grpc"));
  refused.http_status = "415";
  return refused;
}

}  // namespace

std::variant<AcceptedRequest, RefusedRequest> CheckRequest(const h2::RequestHead& head,
                                                           const Router& router) {
  const ProtocolFields fields = FindProtocolFields(head);
  if (std::optional<RefusedRequest> refused = CheckHttp(head, fields)) {
    return *std::move(refused);
  }
  if (!fields.te || !absl::EqualsIgnoreCase(ToAbsl(*fields.te), "trailers")) {
    return Refuse(absl::StatusCode::kInternal,
                  "the request has no \"te: trailers\": a proxy on its way may not pass trailers");
  }
  AcceptedRequest accepted{};
  if (fields.timeout) {
    absl::StatusOr<absl::Duration> timeout = ParseTimeout(*fields.timeout);
    if (!timeout.ok()) {
      return RefusedRequest{ToStatus(timeout.status())};
    }
    accepted.timeout = *timeout;
  }
  for (const h2::Header& field : head.headers) {
    if (IsBinaryName(field.name) && !IsReservedName(field.name)) {
      if (absl::Status status = CheckBinaryValue(field); !status.ok()) {
        return RefusedRequest{ToStatus(status)};
      }
    }
  }
  accepted.method = router.Find(head.path);
  if (accepted.method == nullptr) {
    return Refuse(absl::StatusCode::kUnimplemented, StrCat("unknown method ", Shown(head.path)));
  }
  if (fields.encoding && *fields.encoding != "identity") {
    RefusedRequest refused =
        Refuse(absl::StatusCode::kUnimplemented,
               StrCat("grpc-encoding ", Shown(*fields.encoding), ": only identity is taken"));
    refused.extra.push_back({"grpc-accept-encoding", "identity"});
    return refused;
  }
  return accepted;
}

}  // namespace credential_broker::rpc
