#include "config/not_supported.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"

namespace credential_broker::config {
namespace {

// One line a key, or a key with one of its values. Delete the line when the feature is built.
constexpr std::string_view kTable[] = {
    "envoy",
    "session_store.type: kubernetes",
    "session_store.type: etcd",
    "session_store.namespace",
    "session_store.name",
    "session_store.endpoints",
    "session_store.ca_file",
    "session_store.cert_file",
    "session_store.prefix",
    "session_store.lease_duration",
    "session_store.key_file",
    "credentials[].broker",
};

bool IsInTable(std::string_view line) {
  return std::find(std::begin(kTable), std::end(kTable), line) != std::end(kTable);
}

// "credentials[3].broker" as the table writes it: "credentials[].broker".
std::string WithoutIndices(std::string_view path) {
  std::string plain;
  bool in_index = false;
  for (const char c : path) {
    in_index = in_index && c != ']';
    if (!in_index) {
      plain += c;
    }
    in_index = in_index || c == '[';
  }
  return plain;
}

}  // namespace

bool IsNotSupportedYet(std::string_view path) { return IsInTable(WithoutIndices(path)); }

bool IsNotSupportedYet(std::string_view path, std::string_view value) {
  return IsInTable(StrCat(WithoutIndices(path), ": ", value));
}

std::set<std::string> NotSupportedKeysOf(std::string_view section) {
  const std::string prefix = section.empty() ? "" : StrCat(WithoutIndices(section), ".");
  std::set<std::string> keys;
  for (const std::string_view line : kTable) {
    if (!line.starts_with(prefix)) {
      continue;
    }
    const std::string_view rest = line.substr(prefix.size());
    if (rest.find_first_of(".[:") == std::string_view::npos) {
      keys.emplace(rest);
    }
  }
  return keys;
}

}  // namespace credential_broker::config
