#include "cli/credential_table.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "cli/duration.h"
#include "cli/output.h"
#include "cli/token_format.h"

namespace credential_broker::cli {
namespace {

constexpr std::size_t kColumns = 7;
using Row = std::array<std::string, kColumns>;

// "in 3m58s", "12s ago", "-".
std::string Relative(const std::optional<absl::Time>& time, absl::Time now) {
  if (!time) {
    return "-";
  }
  return *time >= now ? "in " + ShortDuration(*time - now) : ShortDuration(now - *time) + " ago";
}

std::string Text(const std::string& text) { return text.empty() ? "-" : Printable(text); }

std::string Line(const Row& row, const std::array<std::size_t, kColumns>& widths) {
  std::string line;
  for (std::size_t i = 0; i < kColumns; ++i) {
    line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + '\n';
}

void Put(nlohmann::ordered_json& object, const char* name, const std::string& text) {
  if (!text.empty()) {
    object[name] = text;
  }
}

void Put(nlohmann::ordered_json& object, const char* name, const std::optional<absl::Time>& time) {
  if (time) {
    object[name] = Rfc3339(*time);
  }
}

nlohmann::ordered_json ToJson(const ListedCredential& credential) {
  nlohmann::ordered_json object;
  object["name"] = credential.name;
  object["state"] = "STATE_" + credential.state;
  Put(object, "version", credential.version);
  Put(object, "expireTime", credential.expire_time);
  Put(object, "lastRefreshTime", credential.last_refresh_time);
  Put(object, "nextRefreshTime", credential.next_refresh_time);
  Put(object, "lastErrorReason", credential.last_error_reason);
  return object;
}

std::string Dump(const nlohmann::ordered_json& document) {
  return document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::string CredentialTable(const std::vector<ListedCredential>& credentials, absl::Time now) {
  std::vector<Row> rows = {
      {"NAME", "STATE", "EXPIRES", "LAST REFRESH", "NEXT REFRESH", "LAST ERROR", "VERSION"}};
  for (const ListedCredential& one : credentials) {
    rows.push_back({Text(one.name), absl::AsciiStrToLower(Text(one.state)),
                    Relative(one.expire_time, now), Relative(one.last_refresh_time, now),
                    Relative(one.next_refresh_time, now), Text(one.last_error_reason),
                    Text(one.version)});
  }
  std::array<std::size_t, kColumns> widths = {};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) {
      widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string table;
  for (const Row& row : rows) {
    table += Line(row, widths);
  }
  return table;
}

std::string CredentialJson(const std::vector<ListedCredential>& credentials) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ListedCredential& one : credentials) {
    list.push_back(ToJson(one));
  }
  return Dump(nlohmann::ordered_json{{"credentials", std::move(list)}}) + '\n';
}

std::string CredentialObject(const ListedCredential& credential) {
  return Dump(ToJson(credential));
}

}  // namespace credential_broker::cli
