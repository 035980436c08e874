#include "cli/command.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "config/scalars.h"

namespace credential_broker::cli {
namespace {

absl::StatusOr<bool> ParseSwitch(std::string_view text) {
  const std::string word = absl::AsciiStrToLower(ToAbsl(text));
  if (word == "true" || word == "1" || word == "yes" || word == "on") {
    return true;
  }
  if (word == "false" || word == "0" || word == "no" || word == "off") {
    return false;
  }
  return absl::InvalidArgumentError(StrCat("\"", text, "\" is neither true nor false"));
}

}  // namespace

Assign Into(std::string& target) {
  return [&target](std::string_view text, Origin) {
    target = std::string(text);
    return absl::OkStatus();
  };
}

Assign Into(bool& target) {
  return [&target](std::string_view text, Origin) {
    absl::StatusOr<bool> value = ParseSwitch(text);
    if (value.ok()) {
      target = *value;
    }
    return value.status();
  };
}

Assign Into(absl::Duration& target) {
  return [&target](std::string_view text, Origin) {
    const std::optional<absl::Duration> value = config::ParseDuration(text);
    if (!value) {
      return absl::InvalidArgumentError(
          StrCat("\"", text, "\" is no duration; write it like 250ms, 5s, 3m or 1h"));
    }
    target = *value;
    return absl::OkStatus();
  };
}

Assign Into(Setting<std::string>& target) {
  return [&target](std::string_view text, Origin origin) {
    target = {std::string(text), origin};
    return absl::OkStatus();
  };
}

Assign Into(Setting<bool>& target) {
  return [&target](std::string_view text, Origin origin) {
    target.origin = origin;
    return Into(target.value)(text, origin);
  };
}

std::string_view Option::LongName() const {
  const std::string_view all = names;
  return all.substr(all.rfind(',') + 1);
}

Command& Command::Add(std::string child_name, std::string child_summary) {
  return children.emplace_back(
      Command{.name = std::move(child_name), .summary = std::move(child_summary)});
}

Command* Command::Find(std::string_view child_name) {
  auto it = std::find_if(children.begin(), children.end(),
                         [&](const Command& child) { return child.name == child_name; });
  return it == children.end() ? nullptr : &*it;
}

}  // namespace credential_broker::cli
