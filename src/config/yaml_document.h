#ifndef CREDENTIAL_BROKER_CONFIG_YAML_DOCUMENT_H_
#define CREDENTIAL_BROKER_CONFIG_YAML_DOCUMENT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problems.h"

namespace credential_broker::config {

struct YamlEntry;

// A value of a YAML document with the line where it stands (from 1).
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  int line = 1;
  std::string text;     // of a scalar
  bool quoted = false;  // the scalar stood in quotes or was a block: it is text whatever it says
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in the order of the file
};

struct YamlEntry {
  std::string key;
  int line = 1;
  YamlNode value;
};

inline constexpr std::size_t kMaxYamlSize = 1024 * 1024;

// Reads the one document in `text`. Only what a configuration needs of YAML is taken: maps with
// text keys, lists and scalars. Refused, because they hide what a file says or can be made to eat
// memory: duplicate keys, anchors, aliases, merge keys, tags, a second document, nesting deeper
// than 16, text that is not UTF-8 or over 1 MiB. Duplicate keys are reported and the first is kept;
// all else that is refused gives none.
std::optional<YamlNode> ReadYaml(std::string_view text, Problems& problems);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_YAML_DOCUMENT_H_
