#include "config/yaml_document.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "base/strings.h"
#include "base/utf8.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/exceptions.h"
#include "yaml-cpp/parser.h"

namespace credential_broker::config {
namespace {

constexpr std::size_t kMaxDepth = 16;

int LineOf(const YAML::Mark& mark) { return std::max(0, mark.line) + 1; }

// Builds the tree from yaml-cpp's events and refuses by throwing what the parser would have thrown:
// it has no other way to stop. (yaml-cpp's own tree keeps neither the lines of keys nor
// duplicates.)
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Problems& problems) : problems_(problems) {}

  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) {
      Refuse(mark, "a second document starts here; leave one document in the file");
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    Put(mark, YamlNode{});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    RefuseAnchor(mark, 1);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.text = value;
    node.quoted = tag == "!";
    Put(mark, std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A list or map that is still open.
  struct Frame {
    YamlNode node;
    std::string path;
    std::optional<YamlEntry> entry;   // of a map: its key was read, its value not yet
    bool is_duplicate = false;        // of a map: that key was there before
    std::map<std::string, int> seen;  // of a map: the line of each key
  };

  [[noreturn]] static void Refuse(const YAML::Mark& mark, const char* what) {
    throw YAML::ParserException(mark, what);
  }
  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) {
      Refuse(mark, "anchors (&) and aliases (*) are not supported; write the value out");
    }
  }
  static void RefuseTag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      Refuse(mark, "tags (!) are not supported; put text that starts with ! in quotes");
    }
  }

  bool AtKey() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::kMap &&
           !open_.back().entry.has_value();
  }

  // The path of the value that comes next.
  std::string NextPath() const {
    if (open_.empty()) {
      return "";
    }
    const Frame& frame = open_.back();
    if (frame.node.kind == YamlNode::Kind::kList) {
      return StrCat(frame.path, "[", frame.node.items.size(), "]");
    }
    return StrCat(frame.path, frame.path.empty() ? "" : ".", Printable(frame.entry->key));
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    RefuseAnchor(mark, anchor);
    RefuseTag(mark, tag);
    if (AtKey()) {
      Refuse(mark, "a key must be text; a list or a map stands here in place of one");
    }
    if (open_.size() >= kMaxDepth) {
      Refuse(mark, "nested too deep; no part of a configuration is deeper than 16");
    }
    Frame frame;
    frame.path = NextPath();
    frame.node.kind = kind;
    frame.node.line = LineOf(mark);
    open_.push_back(std::move(frame));
  }

  void Close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    Attach(std::move(node));
  }

  void Put(const YAML::Mark& mark, YamlNode node) {
    node.line = LineOf(mark);
    if (!AtKey()) {
      Attach(std::move(node));
      return;
    }
    if (node.kind == YamlNode::Kind::kNull) {
      Refuse(mark, "a key is missing before the colon");
    }
    if (node.text == "<<" && !node.quoted) {
      Refuse(mark, "merge keys (<<) are not supported; write the keys out");
    }
    open_.back().entry = YamlEntry{std::move(node.text), node.line, YamlNode{}};
    ReportDuplicate();
  }

  void ReportDuplicate() {
    Frame& frame = open_.back();
    const auto [first, is_new] = frame.seen.emplace(frame.entry->key, frame.entry->line);
    frame.is_duplicate = !is_new;
    if (frame.is_duplicate) {
      problems_.Add({frame.entry->line, NextPath()},
                    StrCat("duplicate key, first on line ", first->second, "; leave one of them"));
    }
  }

  void Attach(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = open_.back();
    if (frame.node.kind == YamlNode::Kind::kList) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    frame.entry->value = std::move(node);
    if (!frame.is_duplicate) {
      frame.node.entries.push_back(*std::move(frame.entry));
    }
    frame.entry.reset();
  }

  Problems& problems_;
  int documents_ = 0;
  YamlNode root_;
  std::vector<Frame> open_;
};

int LineAt(std::string_view text, std::size_t offset) {
  return 1 + static_cast<int>(std::count(text.begin(),
                                         text.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

// Things that yaml-cpp would take, or refuse in words that help nobody.
bool CheckText(std::string_view text, Problems& problems) {
  if (text.size() > kMaxYamlSize) {
    problems.Add({1, ""}, "larger than 1 MiB, which no configuration is");
    return false;
  }
  if (const std::size_t bad = FirstInvalidUtf8(text); bad != std::string_view::npos) {
    problems.Add({LineAt(text, bad), ""}, "not UTF-8 text; save the file as UTF-8");
    return false;
  }
  bool in_indent = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
      problems.Add({LineAt(text, i), ""}, "holds a control character; remove it");
      return false;
    }
    if (c == '\t' && in_indent) {
      problems.Add({LineAt(text, i), ""}, "a tab indents this line; YAML wants spaces");
      return false;
    }
    in_indent = c == '\n' || (in_indent && c == ' ');
  }
  return true;
}

}  // namespace

std::optional<YamlNode> ReadYaml(std::string_view text, Problems& problems) {
  if (!CheckText(text, problems)) {
    return std::nullopt;
  }
  // Without the line ends at its end: yaml-cpp takes a quote that is never closed if one follows.
  text = text.substr(0, text.find_last_not_of(" \r\n") + 1);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(problems);
    if (!parser.HandleNextDocument(builder)) {
      problems.Add({1, ""}, "the file is empty; it needs apiVersion, kind, server and credentials");
      return std::nullopt;
    }
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.TakeRoot();
  } catch (const YAML::Exception& e) {
    // What follows a colon is text of the file, which may be a secret.
    problems.Add({LineOf(e.mark), ""},
                 StrCat("not usable as YAML: ", e.msg.substr(0, e.msg.find(": "))));
  } catch (const std::exception&) {
    problems.Add({1, ""}, "not usable as YAML: the parser gave up");
  }
  return std::nullopt;
}

}  // namespace credential_broker::config
