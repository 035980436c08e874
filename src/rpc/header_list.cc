#include "rpc/header_list.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "rpc/request_metadata.h"
#include "rpc/wire_text.h"

namespace credential_broker::rpc {
namespace {

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
}

bool IsValueCharacter(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

void HeaderList::Add(const Metadata& metadata) {
  for (const MetadataEntry& entry : metadata) {
    if (!std::all_of(entry.name.begin(), entry.name.end(), IsNameCharacter)) {
      continue;
    }
    std::string_view name = entry.name;
    if (std::any_of(name.begin(), name.end(),
                    [](char c) { return absl::ascii_isupper(static_cast<unsigned char>(c)); })) {
      name = Own(absl::AsciiStrToLower(ToAbsl(name)));
    }
    if (IsReservedName(name)) {
      continue;
    }
    if (IsBinaryName(name)) {
      AddOwned(name, EncodeBinary(entry.value));
    } else if (std::all_of(entry.value.begin(), entry.value.end(), IsValueCharacter)) {
      Add(name, entry.value);
    }
  }
}

}  // namespace credential_broker::rpc
