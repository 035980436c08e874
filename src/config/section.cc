#include "config/section.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "base/strings.h"
#include "config/not_supported.h"
#include "config/scalars.h"
#include "config/spelling.h"

namespace credential_broker::config {
namespace {

std::string_view KindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map of keys";
  }
  return "something else";
}

std::string WrongKind(const YamlNode& node, std::string_view wanted) {
  return StrCat("must be ", wanted, "; ", KindName(node.kind), " stands here");
}

// Where a user puts the secret itself, the mend is not the nearest spelling.
bool IsSecretsKey(std::string_view key) {
  return key == "access_key_id" || key == "secret_access_key" || key == "username" ||
         key == "password" || key == "token";
}

}  // namespace

Section::Section(const YamlNode& node, std::string path, Problems& problems)
    : node_(node), path_(std::move(path)), problems_(problems) {
  if (node_.kind != YamlNode::Kind::kMap) {
    problems_.Add({node_.line, path_}, WrongKind(node_, "a map of keys"));
  }
}

const YamlEntry* Section::Find(const std::string& key) const {
  const auto found = std::find_if(node_.entries.begin(), node_.entries.end(),
                                  [&key](const YamlEntry& entry) { return entry.key == key; });
  return found == node_.entries.end() ? nullptr : &*found;
}

Place Section::PlaceOf(const std::string& key) const {
  const YamlEntry* entry = Find(key);
  return {entry == nullptr ? node_.line : entry->line,
          StrCat(path_, path_.empty() ? "" : ".", key)};
}

void Section::Report(const std::string& key, std::string_view what) {
  problems_.Add(PlaceOf(key), what);
}

const YamlNode* Section::Take(const std::string& key, YamlNode::Kind kind,
                              std::string_view wanted) {
  known_.insert(key);
  const YamlEntry* entry = Find(key);
  if (entry == nullptr) {
    return nullptr;
  }
  if (entry->value.kind != kind) {
    Report(key, WrongKind(entry->value, wanted));
    return nullptr;
  }
  return &entry->value;
}

const YamlNode* Section::Map(const std::string& key) {
  return Take(key, YamlNode::Kind::kMap, "a map of keys");
}

const YamlNode* Section::List(const std::string& key) {
  return Take(key, YamlNode::Kind::kList, "a list");
}

std::optional<PlacedText> Section::Text(const std::string& key) {
  const YamlNode* node = Take(key, YamlNode::Kind::kScalar, "text");
  if (node == nullptr) {
    return std::nullopt;
  }
  if (node->text.empty()) {
    Report(key, "is empty; give it a value or remove it");
    return std::nullopt;
  }
  return PlacedText{node->text, PlaceOf(key)};
}

std::optional<PlacedText> Section::RequiredText(const std::string& key, std::string_view mend) {
  if (!Has(key)) {
    known_.insert(key);
    Report(key, StrCat("is missing; ", mend));
    return std::nullopt;
  }
  return Text(key);
}

std::optional<PlacedText> Section::Word(const std::string& key,
                                        const std::set<std::string>& words) {
  std::optional<PlacedText> text = Text(key);
  if (!text.has_value()) {
    return std::nullopt;
  }
  if (IsNotSupportedYet(text->place.key, text->value)) {
    Report(key, StrCat(text->value, " is not supported yet; write ", absl::StrJoin(words, " or ")));
    return std::nullopt;
  }
  if (!words.contains(text->value)) {
    ReportUnknownWord(*text, words);
    return std::nullopt;
  }
  return text;
}

void Section::ReportUnknownWord(const PlacedText& text, const std::set<std::string>& words) {
  problems_.Add(text.place,
                StrCat(Quoted(text.value), " is not known; write ", absl::StrJoin(words, " or ")));
}

void Section::Read(const std::string& key, bool& value) {
  constexpr std::string_view kWanted = "true or false, without quotes";
  const YamlNode* node = Take(key, YamlNode::Kind::kScalar, kWanted);
  if (node == nullptr) {
    return;
  }
  if (node->quoted || (node->text != "true" && node->text != "false")) {
    Report(key, StrCat("must be ", kWanted, "; ", Quoted(node->text), " stands here"));
    return;
  }
  value = node->text == "true";
}

void Section::ReadDuration(const std::string& key, absl::Duration least, absl::Duration most,
                           absl::Duration& value) {
  const YamlNode* node = Take(key, YamlNode::Kind::kScalar, "a duration such as 5s");
  if (node == nullptr) {
    return;
  }
  const std::optional<absl::Duration> read = ParseDuration(node->text);
  if (!read.has_value()) {
    Report(key, StrCat(Quoted(node->text),
                       " is not a duration; write a whole number and a unit: 250ms, 5s, 3m or 1h"));
    return;
  }
  if (*read < least || *read > most) {
    Report(key, StrCat(node->text, " is out of bounds; write ", DurationText(least), " to ",
                       DurationText(most)));
    return;
  }
  value = *read;
}

void Section::ReadWhole(const std::string& key, std::uint32_t least, std::uint32_t most,
                        std::uint32_t& value) {
  const YamlNode* node = Take(key, YamlNode::Kind::kScalar, "a whole number");
  if (node == nullptr) {
    return;
  }
  const std::optional<std::uint32_t> read = ParseWhole(node->text);
  if (node->quoted || !read.has_value() || *read < least || *read > most) {
    Report(key, StrCat("must be a whole number from ", least, " to ", most, ", without quotes; ",
                       Quoted(node->text), " stands here"));
    return;
  }
  value = *read;
}

void Section::ReadFraction(const std::string& key, double least, double most, double& value) {
  const YamlNode* node = Take(key, YamlNode::Kind::kScalar, "a number");
  if (node == nullptr) {
    return;
  }
  const std::optional<double> read = ParseFraction(node->text);
  if (node->quoted || !read.has_value() || *read < least || *read > most) {
    Report(key, StrCat("must be a number from ", least, " to ", most, ", without quotes; ",
                       Quoted(node->text), " stands here"));
    return;
  }
  value = *read;
}

std::string Section::UnknownKey(const std::string& key) const {
  if (IsSecretsKey(key) && known_.contains(key + "_file")) {
    return StrCat(
        "a secret never stands in this file; put it into a file of its own and name that "
        "with ",
        key, "_file");
  }
  std::set<std::string> known = NotSupportedKeysOf(path_);
  known.insert(known_.begin(), known_.end());
  const std::optional<std::string> nearest = NearestWord(key, known);
  if (nearest.has_value()) {
    return StrCat("unknown key (did you mean ", *nearest, "?)");
  }
  return StrCat("unknown key; known here: ", absl::StrJoin(known, ", "));
}

void Section::Finish() {
  for (const YamlEntry& entry : node_.entries) {
    if (known_.contains(entry.key)) {
      continue;
    }
    const Place place{entry.line, StrCat(path_, path_.empty() ? "" : ".", Printable(entry.key))};
    if (IsNotSupportedYet(place.key)) {
      problems_.Add(place, kNotSupportedYet);
    } else {
      problems_.Add(place, problems_.full() ? "" : UnknownKey(entry.key));
    }
  }
}

}  // namespace credential_broker::config
