#include "sandbox/faults.h"

#include <functional>
#include <utility>

#include "absl/strings/str_replace.h"
#include "base/strings.h"
#include "sandbox/fault_field.h"
#include "sandbox/nearest.h"

namespace credential_broker::sandbox {
namespace {

struct Entry {
  std::string name;
  std::string help;
  std::function<FaultField(Faults&)> field;
};

void AddOperation(std::vector<Entry>& table, const std::string& operation,
                  OperationFaults Faults::*of) {
  const auto add = [&](std::string name, std::string help, auto member) {
    table.push_back({std::move(name), std::move(help),
                     [of, member](Faults& f) -> FaultField { return &((f.*of).*member); }});
  };
  const std::string a = StrCat("a ", operation);
  add(operation + "_status", StrCat("answer ", a, " with this status; 0: act on it"),
      &OperationFaults::status);
  add(operation + "_status_count", "how many times; then the status is 0 again",
      &OperationFaults::status_count);
  add("lose_" + operation, StrCat("act on ", a, ", then close the connection without an answer"),
      &OperationFaults::lose);
  add("hang_" + operation, StrCat("do not act on ", a, " nor answer it, until this is set to 0"),
      &OperationFaults::hang);
  add(operation + "_delay", StrCat("delay of the answer to ", a, ", in place of delay"),
      &OperationFaults::delay);
  if (of != &Faults::users) {
    add(operation + "_body", StrCat("what the answer to ", a, " holds in place of a grant"),
        &OperationFaults::body);
    add(operation + "_body_count", "how many times; then the body is normal again",
        &OperationFaults::body_count);
  }
}

std::vector<Entry> MakeTable() {
  std::vector<Entry> table;
  const auto add = [&table](std::string name, std::string help, auto member) {
    table.push_back({std::move(name), std::move(help),
                     [member](Faults& f) -> FaultField { return &(f.*member); }});
  };
  add("lifetime", "lifetime of an access token", &Faults::lifetime);
  add("expiry", "how an answer states the lifetime", &Faults::expiry);
  add("token_format", "form of an access token", &Faults::token_format);
  add("revoke_old_access_token", "a refresh ends the access token before it",
      &Faults::revoke_old_access_token);
  add("rotate_refresh_token", "a refresh gives a new refresh token", &Faults::rotate_refresh_token);
  add("refresh_reuse", "what becomes of a refresh token that is used again after its rotation",
      &Faults::refresh_reuse);
  add("refresh_within_lifetime", "refuse a refresh after the access token's end",
      &Faults::refresh_within_lifetime);
  add("one_session", "a login ends the sessions before it", &Faults::one_session);
  add("unauthenticated_status", "status of a call without a good token",
      &Faults::unauthenticated_status);
  add("refused_login_status", "status of a login with a wrong key", &Faults::refused_login_status);
  add("refused_refresh_status", "status of a refresh with a token that does not count",
      &Faults::refused_refresh_status);
  add("clock_skew", "how far this clock is ahead", &Faults::clock_skew);
  add("date_header", "the Date header of answers", &Faults::date_header);
  add("delay", "delay of each answer, after acting", &Faults::delay);
  add("drip", "pause between two bytes of each answer", &Faults::drip);
  add("keep_alive", "answer more than one request on a connection", &Faults::keep_alive);
  add("act_before_status", "act on a request before a forced status is answered",
      &Faults::act_before_status);
  add("retry_after", "Retry-After of a forced status, or none", &Faults::retry_after);
  add("retry_after_form", "form of Retry-After", &Faults::retry_after_form);
  add("refuse_connections", "reset so many connections before TLS", &Faults::refuse_connections);
  add("refuse_for", "reset connections for so long", &Faults::refuse_for);
  AddOperation(table, "login", &Faults::login);
  AddOperation(table, "refresh", &Faults::refresh);
  AddOperation(table, "users", &Faults::users);
  return table;
}

const std::vector<Entry>& Table() {
  static const auto& table = *new std::vector<Entry>(MakeTable());
  return table;
}

const Entry* Find(std::string_view name) {
  for (const Entry& entry : Table()) {
    if (entry.name == name) {
      return &entry;
    }
  }
  return nullptr;
}

FaultFlag Describe(const Entry& entry) {
  Faults defaults;
  const FaultField field = entry.field(defaults);
  return {entry.name, KindOfField(field), entry.help, ChoicesOfField(field), FormatField(field)};
}

}  // namespace

std::string FaultFlag::OptionName() const {
  return StrCat("--", absl::StrReplaceAll(name, {{"_", "-"}}));
}

const std::vector<FaultFlag>& FaultFlags() {
  static const auto& flags = *[] {
    auto* all = new std::vector<FaultFlag>;
    for (const Entry& entry : Table()) {
      all->push_back(Describe(entry));
    }
    return all;
  }();
  return flags;
}

std::string CanonicalFaultName(std::string_view name) {
  return absl::StrReplaceAll(ToAbsl(name), {{"-", "_"}});
}

absl::Status SetFault(Faults& faults, std::string_view name, std::string_view value) {
  const std::string key = CanonicalFaultName(name);
  const Entry* entry = Find(key);
  if (entry == nullptr) {
    std::vector<std::string> known;
    for (const Entry& each : Table()) {
      known.push_back(each.name);
    }
    return absl::InvalidArgumentError(StrCat("unknown switch \"", key.substr(0, 64),
                                             "\"; the nearest is \"", Nearest(key, known), "\""));
  }
  const absl::Status status = ParseField(entry->field(faults), value);
  if (!status.ok()) {
    return absl::InvalidArgumentError(StrCat("switch \"", key, "\": \"", value.substr(0, 64),
                                             "\" is not ", ToStd(status.message())));
  }
  return absl::OkStatus();
}

std::string FormatFault(const Faults& faults, std::string_view name) {
  const Entry* entry = Find(name);
  if (entry == nullptr) {
    return "";
  }
  Faults copy = faults;
  return FormatField(entry->field(copy));
}

}  // namespace credential_broker::sandbox
