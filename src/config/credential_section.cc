#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "config/base_url.h"
#include "config/sections.h"

namespace credential_broker::config {
namespace {

// A refresh planned at this fraction comes at most 10% later, which is still before the last tenth
// of the lifetime, in which a token is not handed out.
constexpr double kMostRefreshAt = 0.8;
constexpr double kLeastRefreshAt = 0.1;

constexpr std::string_view kNameForm = "1 to 63 characters of a-z, 0-9 and -";

bool IsName(std::string_view name) {
  return !name.empty() && name.size() <= 63 &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

struct LoginPair {
  LoginKind kind;
  const char* id_key;
  const char* secret_key;
};
constexpr std::array<LoginPair, 2> kLoginPairs = {
    {{LoginKind::kAccessKey, "access_key_id_file", "secret_access_key_file"},
     {LoginKind::kUserPassword, "username_file", "password_file"}}};

// The paths of principals (DESIGN §4): what an identity can look like. The last is a whole word.
bool CanMatchSomebody(std::string_view pattern) {
  constexpr std::array<std::string_view, 4> kPrefixes = {
      "spiffe://", "dns:", "system:serviceaccount:", "unix:uid:"};
  const std::size_t star = pattern.find('*');
  const std::string_view literal = pattern.substr(0, star);
  constexpr std::string_view kAnonymous = "anonymous";
  if (star == std::string_view::npos ? literal == kAnonymous : kAnonymous.starts_with(literal)) {
    return true;
  }
  return std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](std::string_view prefix) {
    const bool runs_into_it = star != std::string_view::npos && literal.size() < prefix.size();
    return runs_into_it ? prefix.starts_with(literal) : literal.starts_with(prefix);
  });
}

class CredentialReader {
 public:
  CredentialReader(const YamlNode& node, const std::string& path, const std::string& folder,
                   Problems& problems)
      : section_(node, path, problems), folder_(folder), problems_(problems) {}

  CredentialConfig Read() {
    ReadName();
    ReadBaseUrl();
    config_.ca_file = File("ca_file");
    ReadLogin();
    ReadTimes();
    ReadAllow();
    ReadDeny();
    section_.Finish();
    return std::move(config_);
  }

 private:
  std::string File(const std::string& key) {
    const std::optional<PlacedText> file = section_.Text(key);
    return file.has_value() ? ResolveFile(folder_, file->value) : "";
  }

  void ReadName() {
    const std::optional<PlacedText> name =
        section_.RequiredText("name", StrCat("give the credential a name of ", kNameForm));
    if (!name.has_value()) {
      return;
    }
    if (!IsName(name->value)) {
      problems_.Add(name->place, StrCat(Quoted(name->value), " is no name; write ", kNameForm));
      return;
    }
    config_.name = name->value;
  }

  void ReadBaseUrl() {
    // Fed by another broker, it has no InvestSuite to name.
    const bool is_relay = section_.Has("broker");
    const std::optional<PlacedText> url =
        is_relay ? section_.Text("base_url")
                 : section_.RequiredText("base_url",
                                         "name InvestSuite's API, such as "
                                         "https://api.sandbox.investsuite.com");
    if (!url.has_value()) {
      return;
    }
    absl::StatusOr<std::string> parsed = ParseBaseUrl(url->value);
    if (!parsed.ok()) {
      problems_.Add(url->place, ToStd(parsed.status().message()));
      return;
    }
    config_.base_url = *std::move(parsed);
  }

  void ReadLogin() {
    std::vector<LoginPair> given;
    for (const LoginPair& pair : kLoginPairs) {
      const bool has_id = section_.Has(pair.id_key);
      const bool has_secret = section_.Has(pair.secret_key);
      LoginFiles files{pair.kind, File(pair.id_key), File(pair.secret_key)};
      if (!has_id && !has_secret) {
        continue;
      }
      given.push_back(pair);
      if (has_id != has_secret) {
        section_.Report(
            has_id ? pair.secret_key : pair.id_key,
            StrCat("is missing; ", pair.id_key, " and ", pair.secret_key, " go together"));
      }
      config_.login = std::move(files);
    }
    if (given.empty() && !section_.Has("broker")) {
      section_.Report(kLoginPairs[0].id_key,
                      "is missing; name access_key_id_file and secret_access_key_file, or "
                      "username_file and password_file");
    }
    if (given.size() > 1) {
      const LoginPair& extra = given.back();
      section_.Report(
          section_.Has(extra.id_key) ? extra.id_key : extra.secret_key,
          "stands beside access_key_id_file and secret_access_key_file; leave one pair");
    }
  }

  void ReadTimes() {
    constexpr int kMostMinutes = 5;
    section_.ReadDuration("connect_timeout", absl::Milliseconds(1), absl::Minutes(kMostMinutes),
                          config_.connect_timeout);
    section_.ReadDuration("request_timeout", absl::Milliseconds(1), absl::Minutes(kMostMinutes),
                          config_.request_timeout);
    if (config_.connect_timeout > config_.request_timeout) {
      const bool connect_in_file = section_.Has("connect_timeout");
      section_.Report(
          connect_in_file ? "connect_timeout" : "request_timeout",
          "connect_timeout must not be longer than request_timeout, which it is part of");
    }
    section_.ReadFraction("refresh_at", kLeastRefreshAt, kMostRefreshAt, config_.refresh_at);
  }

  void ReadAllow() {
    const YamlNode* list = section_.List("allow");
    if (list == nullptr) {
      return;
    }
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const std::string path = StrCat(section_.PlaceOf("allow").key, "[", i, "]");
      Section rule(list->items[i], path, problems_);
      config_.allow.push_back(ReadRule(rule));
      rule.Finish();
    }
  }

  void ReadDeny() {
    const YamlNode* list = section_.List("deny");
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
      const YamlNode& item = list->items[i];
      ReadPrincipal(item, {item.line, StrCat(section_.PlaceOf("deny").key, "[", i, "]")},
                    config_.deny);
    }
  }

  AllowRule ReadRule(Section& rule) {
    constexpr std::string_view kMend = "list who may use the credential, such as [\"dns:orders\"]";
    AllowRule read;
    const YamlNode* principals = rule.List("principals");
    if (principals == nullptr) {
      if (!rule.Has("principals")) {
        rule.Report("principals", StrCat("is missing; ", kMend));
      }
      return read;
    }
    if (principals->items.empty()) {
      rule.Report("principals", StrCat("names nobody; ", kMend));
    }
    for (std::size_t i = 0; i < principals->items.size(); ++i) {
      const YamlNode& item = principals->items[i];
      ReadPrincipal(item, {item.line, StrCat(rule.PlaceOf("principals").key, "[", i, "]")},
                    read.principals);
    }
    return read;
  }

  void ReadPrincipal(const YamlNode& item, const Place& place,
                     std::vector<PrincipalPattern>& patterns) {
    if (item.kind != YamlNode::Kind::kScalar || item.text.empty()) {
      problems_.Add(place, "must be the text of a principal");
      return;
    }
    // Neither a SPIFFE ID nor any other principal has other characters, or is longer.
    constexpr std::size_t kLongest = 2048;
    if (item.text.size() > kLongest ||
        !std::all_of(item.text.begin(), item.text.end(), absl::ascii_isgraph)) {
      problems_.Add(place, StrCat(Quoted(item.text),
                                  " is no principal; it must be printable ASCII without spaces, at "
                                  "most 2048 characters"));
      return;
    }
    absl::StatusOr<PrincipalPattern> pattern = PrincipalPattern::Parse(item.text);
    if (!pattern.ok()) {
      problems_.Add(place, ToStd(pattern.status().message()));
      return;
    }
    if (!CanMatchSomebody(item.text)) {
      problems_.Add(place, StrCat(Quoted(item.text),
                                  " can match nobody; principals are spiffe://…, dns:NAME, "
                                  "system:serviceaccount:NS:NAME, unix:uid:UID and anonymous"));
      return;
    }
    patterns.push_back(*std::move(pattern));
  }

  Section section_;
  const std::string& folder_;
  Problems& problems_;
  CredentialConfig config_;
};

}  // namespace

void ReadCredentials(Section& root, const std::string& folder, Problems& problems,
                     std::vector<CredentialConfig>& credentials) {
  const YamlNode* list = root.List("credentials");
  if (list == nullptr) {
    if (!root.Has("credentials")) {
      root.Report(
          "credentials",
          "is missing; list the credentials that the broker keeps, or write credentials: [] "
          "for none");
    }
    return;
  }
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const std::string path = StrCat("credentials[", i, "]");
    CredentialConfig config = CredentialReader(list->items[i], path, folder, problems).Read();
    const auto [first, is_new] = seen.emplace(config.name, i);
    if (!is_new && !config.name.empty()) {
      problems.Add({list->items[i].line, StrCat(path, ".name")},
                   StrCat(Quoted(config.name), " is also the name of credentials[", first->second,
                          "]; give each its own"));
    }
    credentials.push_back(std::move(config));
  }
}

}  // namespace credential_broker::config
