#include "sandbox/control.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/strings.h"
#include "sandbox/error_reply.h"
#include "sandbox/nearest.h"

namespace credential_broker::sandbox {
namespace {

constexpr absl::Duration kDefaultWait = absl::Seconds(10);

Reply JsonReply(std::string body) {
  Reply reply;
  reply.body = std::move(body);
  return reply;
}

}  // namespace

Reply Control::Handle(const Request& request, const Caller& caller) {
  const std::string_view path = request.path;
  if (path == "/sandbox/faults") {
    return Faults(request);
  }
  if (path == "/sandbox/stats" && request.method == "GET") {
    return JsonReply(stand_in_.StatsJson());
  }
  if (path == "/sandbox/wait" && request.method == "GET") {
    return Wait(request, caller);
  }
  if (path == "/sandbox/keys" && request.method == "POST") {
    return Keys(request);
  }
  if (path == "/sandbox/revoke" && request.method == "POST") {
    stand_in_.RevokeSessions();
    return JsonReply("{}");
  }
  return ControlError(404,
                      "there are GET, PUT, DELETE /sandbox/faults, GET /sandbox/stats, "
                      "GET /sandbox/wait?COUNTER=N&timeout=10s, POST /sandbox/keys, "
                      "POST /sandbox/revoke");
}

Reply Control::Faults(const Request& request) {
  if (request.method == "PUT") {
    if (const absl::Status status = stand_in_.Update(request.body); !status.ok()) {
      return ControlError(422, ToStd(status.message()));
    }
  } else if (request.method == "DELETE") {
    stand_in_.ResetFaults();
  } else if (request.method != "GET") {
    return ControlError(405, "only GET, PUT and DELETE");
  }
  return JsonReply(FaultsToJson(stand_in_.CurrentFaults()));
}

Reply Control::Wait(const Request& request, const Caller& caller) {
  absl::Duration timeout = kDefaultWait;
  StandIn::Goals goals;
  for (const auto& [name, value] : request.query) {
    if (name == "timeout") {
      if (!absl::ParseDuration(value, &timeout)) {
        return ControlError(422, "timeout: a duration such as 10s is expected");
      }
      continue;
    }
    const auto counter = FindCounter(name);
    if (!counter.ok()) {
      return ControlError(422, ToStd(counter.status().message()));
    }
    std::int64_t goal = 0;
    if (!absl::SimpleAtoi(value, &goal)) {
      return ControlError(422, StrCat(name, ": a number is expected"));
    }
    goals.emplace_back(*counter, goal);
  }
  const bool reached = stand_in_.WaitFor(goals, timeout, caller);
  Reply reply = JsonReply(stand_in_.StatsJson());
  reply.status = reached ? 200 : 408;
  return reply;
}

Reply Control::Keys(const Request& request) {
  const auto object = nlohmann::json::parse(request.body, nullptr, false);
  if (!object.is_object()) {
    return ControlError(422, "the body must be a JSON object of keys");
  }
  SandboxKeys keys = stand_in_.Keys();
  const std::map<std::string, std::string*> fields = {
      {"access_key_id", &keys.access_key_id},
      {"secret_access_key", &keys.secret_access_key},
      {"username", &keys.username},
      {"password", &keys.password}};
  for (const auto& [name, value] : object.items()) {
    const auto field = fields.find(name);
    if (field == fields.end()) {
      std::vector<std::string> known;
      known.reserve(fields.size());
      for (const auto& each : fields) {
        known.push_back(each.first);
      }
      return ControlError(
          422, StrCat("unknown key \"", name, "\"; the nearest is \"", Nearest(name, known), "\""));
    }
    if (!value.is_string()) {
      return ControlError(422, StrCat(name, ": a text is expected"));
    }
    *field->second = value.get<std::string>();
  }
  stand_in_.ReplaceKeys(std::move(keys));
  return JsonReply("{}");
}

}  // namespace credential_broker::sandbox
