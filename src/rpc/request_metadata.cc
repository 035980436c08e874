#include "rpc/request_metadata.h"

#include <algorithm>
#include <string>

#include "base/strings.h"
#include "rpc/wire_text.h"

namespace credential_broker::rpc {
namespace {

// Calls `use` with each of the comma-joined values of a "-bin" field; stops where it returns false.
template <typename Use>
bool ForEachValue(std::string_view joined, Use use) {
  while (true) {
    const std::size_t comma = joined.find(',');
    std::string_view value = joined.substr(0, comma);
    while (!value.empty() && value.front() == ' ') {
      value.remove_prefix(1);
    }
    while (!value.empty() && value.back() == ' ') {
      value.remove_suffix(1);
    }
    if (!use(value)) {
      return false;
    }
    if (comma == std::string_view::npos) {
      return true;
    }
    joined.remove_prefix(comma + 1);
  }
}

}  // namespace

bool IsReservedName(std::string_view name) {
  constexpr std::string_view kGrpc = "grpc-";
  return name.empty() || name.front() == ':' || name.starts_with(kGrpc) || name == "content-type" ||
         name == "te" || name == "content-length" || name == "host" || name == "connection" ||
         name == "transfer-encoding" || name == "upgrade" || name == "keep-alive" ||
         name == "proxy-connection";
}

absl::Status CheckBinaryValue(const h2::Header& field) {
  const bool valid = ForEachValue(
      field.value, [](std::string_view value) { return DecodeBinary(value).has_value(); });
  if (!valid) {
    return absl::InternalError(StrCat("the value of the metadata ", field.name, " is not base64"));
  }
  return absl::OkStatus();
}

const Metadata& RequestMetadata::all() const {
  if (!all_) {
    Metadata list;
    list.reserve(fields_.size());
    for (const h2::Header& field : fields_) {
      if (IsReservedName(field.name)) {
        continue;
      }
      if (!IsBinaryName(field.name)) {
        list.push_back({field.name, field.value});
        continue;
      }
      ForEachValue(field.value, [&](std::string_view value) {
        list.push_back({field.name, DecodeBinary(value).value_or(std::string())});
        return true;
      });
    }
    all_ = std::move(list);
  }
  return *all_;
}

std::optional<std::string_view> RequestMetadata::Find(std::string_view name) const {
  auto first_in = [name](const auto& list) -> std::optional<std::string_view> {
    auto it = std::find_if(list.begin(), list.end(),
                           [name](const auto& entry) { return entry.name == name; });
    return it == list.end() ? std::nullopt : std::optional<std::string_view>(it->value);
  };
  if (IsBinaryName(name)) {
    return first_in(all());
  }
  return IsReservedName(name) ? std::nullopt : first_in(fields_);
}

}  // namespace credential_broker::rpc
