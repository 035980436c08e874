#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "sandbox/faults.h"

namespace credential_broker::sandbox {
namespace {

// What SetFault takes for a JSON value; the text of an object or a list is taken by no switch.
std::string Text(const nlohmann::json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_null()) {
    return "none";
  }
  return value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

// Numbers and truth values as such, all else as text.
nlohmann::ordered_json Value(const std::string& text) {
  auto parsed = nlohmann::ordered_json::parse(text, nullptr, false);
  return parsed.is_number() || parsed.is_boolean() ? parsed : nlohmann::ordered_json(text);
}

}  // namespace

std::string FaultsToJson(const Faults& faults) {
  auto object = nlohmann::ordered_json::object();
  for (const FaultFlag& flag : FaultFlags()) {
    object[flag.name] = Value(FormatFault(faults, flag.name));
  }
  return object.dump(2);
}

absl::StatusOr<std::vector<std::string>> UpdateFaults(Faults& faults, std::string_view json) {
  const auto object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object()) {
    return absl::InvalidArgumentError("the body must be a JSON object of switches");
  }
  Faults updated = faults;
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) {
    if (absl::Status status = SetFault(updated, name, Text(value)); !status.ok()) {
      return status;
    }
    names.push_back(CanonicalFaultName(name));
  }
  faults = updated;
  return names;
}

}  // namespace credential_broker::sandbox
