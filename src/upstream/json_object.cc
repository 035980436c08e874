#include "upstream/json_object.h"

namespace credential_broker::upstream {
namespace {

void AppendString(WipedBuffer& out, std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out.Append("\"");
  for (const char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.Append("\\");
      out.Append({&c, 1});
    } else if (byte < 0x20) {
      out.Append("\\u00");
      out.Append(kHex.substr(byte >> 4, 1));
      out.Append(kHex.substr(byte & 15, 1));
    } else {
      out.Append({&c, 1});
    }
  }
  out.Append("\"");
}

}  // namespace

WipedBuffer JsonObject(std::initializer_list<JsonMember> members) {
  WipedBuffer out;
  std::string_view separator = "{";
  for (const JsonMember& member : members) {
    out.Append(separator);
    AppendString(out, member.name);
    out.Append(":");
    AppendString(out, member.value);
    separator = ",";
  }
  out.Append(members.size() == 0 ? "{}" : "}");
  return out;
}

}  // namespace credential_broker::upstream
