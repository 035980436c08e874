#include <optional>
#include <set>
#include <utility>

#include "base/strings.h"
#include "config/load_config.h"
#include "config/sections.h"

namespace credential_broker::config {
namespace {

constexpr std::string_view kApiVersion = "credentialbroker/v1";
constexpr std::string_view kKind = "BrokerConfig";

void RequireExactly(Section& root, const std::string& key, std::string_view wanted) {
  const std::optional<PlacedText> text =
      root.RequiredText(key, StrCat("write ", key, ": ", wanted));
  if (text.has_value() && text->value != wanted) {
    root.Report(key, StrCat(Quoted(text->value), " is not known; write ", key, ": ", wanted));
  }
}

void ReadSessionStore(Section& root, Problems& problems) {
  if (const YamlNode* node = root.Map("session_store")) {
    Section section(*node, "session_store", problems);
    section.Word("type", {"memory"});
    section.Finish();
  }
}

// One of `words`, from flag or environment if they have it, else from the file.
void ReadLogWord(Section& section, const std::string& key, const std::set<std::string>& words,
                 const std::optional<PlacedText>& setting, std::string& value) {
  if (const std::optional<PlacedText> in_file = section.Word(key, words)) {
    value = in_file->value;
  }
  if (!setting.has_value()) {
    return;
  }
  if (!words.contains(setting->value)) {
    section.ReportUnknownWord(*setting, words);
    return;
  }
  value = setting->value;
}

void ReadLog(Section& root, const Settings& settings, Problems& problems, LogConfig& log) {
  YamlNode none;
  none.kind = YamlNode::Kind::kMap;
  const YamlNode* node = root.Map("log");
  Section section(node == nullptr ? none : *node, "log", problems);
  ReadLogWord(section, "level", {"debug", "info", "warn", "error"}, settings.log_level, log.level);
  ReadLogWord(section, "format", {"json", "text"}, settings.log_format, log.format);
  section.Finish();
}

}  // namespace

std::string ResolveFile(std::string_view folder, std::string_view file) {
  if (folder.empty() || file.starts_with('/')) {
    return std::string(file);
  }
  return StrCat(folder, folder.back() == '/' ? "" : "/", file);
}

absl::StatusOr<BrokerConfig> ParseConfig(std::string_view text, std::string_view file_name,
                                         const Overrides& flags, const Environment& environment) {
  Problems problems(file_name);
  const std::optional<YamlNode> document = ReadYaml(text, problems);
  if (!document.has_value()) {
    return problems.ToStatus();
  }
  const Settings settings = CollectSettings(flags, environment);
  const std::size_t slash = file_name.rfind('/');
  const std::string folder(file_name.substr(0, slash == std::string_view::npos ? 0 : slash + 1));

  BrokerConfig config;
  Section root(*document, "", problems);
  if (document->kind == YamlNode::Kind::kMap) {
    RequireExactly(root, "apiVersion", kApiVersion);
    RequireExactly(root, "kind", kKind);
    ReadServer(root, folder, settings, problems, config.server);
    ReadAdmin(root, problems, config.server, config.admin);
    ReadHttp(root, settings, problems, config.http);
    ReadKubernetes(root, folder, problems, config);
    ReadSessionStore(root, problems);
    ReadCredentials(root, folder, problems, config.credentials);
    ReadLog(root, settings, problems, config.log);
    root.Finish();
  }
  if (!problems.empty()) {
    return problems.ToStatus();
  }
  return config;
}

}  // namespace credential_broker::config
