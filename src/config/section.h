#ifndef CREDENTIAL_BROKER_CONFIG_SECTION_H_
#define CREDENTIAL_BROKER_CONFIG_SECTION_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "config/problems.h"
#include "config/yaml_document.h"

namespace credential_broker::config {

// A text and where it stands, so that what is found wrong with it later can still name the place.
struct PlacedText {
  std::string value;
  Place place;
};

// Reads one map of the configuration. Each key that is asked for becomes a known key; Finish
// reports the others. A value of the wrong type or out of bounds is reported and reads as if the
// key were absent, so that all of a file's problems are found in one pass. Not thread-safe; the
// node and the problems outlive it.
class Section {
 public:
  // A node that is no map is reported and reads as an empty map.
  Section(const YamlNode& node, std::string path, Problems& problems);

  // Reads into `value`, which keeps its default where the key is absent. Bounds are inclusive.
  void Read(const std::string& key, bool& value);
  void ReadDuration(const std::string& key, absl::Duration least, absl::Duration most,
                    absl::Duration& value);
  void ReadWhole(const std::string& key, std::uint32_t least, std::uint32_t most,
                 std::uint32_t& value);
  void ReadFraction(const std::string& key, double least, double most, double& value);

  std::optional<PlacedText> Text(const std::string& key);

  // A text that must not be empty; reported where the key is absent.
  std::optional<PlacedText> RequiredText(const std::string& key, std::string_view mend);

  // A text out of `words`.
  std::optional<PlacedText> Word(const std::string& key, const std::set<std::string>& words);

  // Reports that the value of `text`, wherever it came from, is none of `words`.
  void ReportUnknownWord(const PlacedText& text, const std::set<std::string>& words);

  // Null: absent, or reported.
  const YamlNode* Map(const std::string& key);
  const YamlNode* List(const std::string& key);

  bool Has(const std::string& key) const { return Find(key) != nullptr; }

  // The path of `key` with its line, or the section's own where the key is absent.
  Place PlaceOf(const std::string& key) const;

  void Report(const std::string& key, std::string_view what);

  // Reports every key that nothing asked for. Call once, last.
  void Finish();

 private:
  const YamlEntry* Find(const std::string& key) const;
  // Marks `key` as known; null where it is absent or of another kind, which is reported.
  const YamlNode* Take(const std::string& key, YamlNode::Kind kind, std::string_view wanted);
  std::string UnknownKey(const std::string& key) const;

  const YamlNode& node_;
  std::string path_;
  Problems& problems_;
  std::set<std::string> known_;
};

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_SECTION_H_
