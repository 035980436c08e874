#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "base/strings.h"
#include "config/base_url.h"
#include "config/listen_address.h"
#include "config/sections.h"

namespace credential_broker::config {
namespace {

// Whether `server` has a listener on which others could read what callers send.
bool IsPlaintextOnNetwork(const ServerConfig& server) {
  const absl::StatusOr<Reach> reach = CheckListenAddress(server.listen);
  return !server.has_tls && reach.ok() && *reach == Reach::kNetwork;
}

KubernetesCallersConfig ReadCallers(const YamlNode& node, const ServerConfig& server,
                                    Problems& problems) {
  constexpr std::size_t kLongest = 253;
  Section section(node, "kubernetes_callers", problems);
  KubernetesCallersConfig callers;
  const std::optional<PlacedText> audience = section.RequiredText(
      "audience",
      "name the audience that callers' tokens are projected for, such as credential-broker");
  if (audience.has_value()) {
    callers.audience = audience->value;
    if (callers.audience.size() > kLongest ||
        !std::all_of(callers.audience.begin(), callers.audience.end(), absl::ascii_isgraph)) {
      problems.Add(audience->place, StrCat(Quoted(audience->value),
                                           " is no audience; it must be printable ASCII without "
                                           "spaces, at most 253 characters"));
    }
  }
  section.Read("allow_plaintext", callers.allow_plaintext);
  if (!callers.allow_plaintext && IsPlaintextOnNetwork(server)) {
    section.Report("allow_plaintext",
                   StrCat("must be true to accept bearer tokens on ", Quoted(server.listen),
                          ", which is open to the network without TLS: tokens could be read in "
                          "transit; configure server.tls, or write allow_plaintext: true where "
                          "something else, such as a service mesh, encrypts the connections"));
  }
  section.Finish();
  return callers;
}

KubernetesConfig ReadApi(const YamlNode& node, const std::string& folder, Problems& problems) {
  Section section(node, "kubernetes", problems);
  KubernetesConfig api;
  if (const std::optional<PlacedText> server = section.Text("api_server")) {
    absl::StatusOr<std::string> url = ParseBaseUrl(server->value);
    if (url.ok()) {
      api.api_server = *std::move(url);
    } else {
      problems.Add(server->place, ToStd(url.status().message()));
    }
    if (!section.Has("token_file")) {
      section.Report("token_file",
                     "is missing; beside api_server name the file of a ServiceAccount token that "
                     "may review tokens");
    }
  }
  for (const auto& [key, file] : {std::pair<const char*, std::string*>{"ca_file", &api.ca_file},
                                  {"token_file", &api.token_file}}) {
    if (const std::optional<PlacedText> text = section.Text(key)) {
      *file = ResolveFile(folder, text->value);
    }
  }
  section.Finish();
  return api;
}

}  // namespace

void ReadKubernetes(Section& root, const std::string& folder, Problems& problems,
                    BrokerConfig& config) {
  if (const YamlNode* callers = root.Map("kubernetes_callers")) {
    config.kubernetes_callers = ReadCallers(*callers, config.server, problems);
  }
  if (const YamlNode* api = root.Map("kubernetes")) {
    config.kubernetes = ReadApi(*api, folder, problems);
  }
}

}  // namespace credential_broker::config
