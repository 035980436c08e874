#include <optional>

#include "absl/status/statusor.h"
#include "base/strings.h"
#include "config/listen_address.h"
#include "config/sections.h"

namespace credential_broker::config {

void ReadHttp(Section& root, const Settings& settings, Problems& problems, HttpConfig& http) {
  YamlNode none;
  none.kind = YamlNode::Kind::kMap;
  const YamlNode* node = root.Map("http");
  Section section(node == nullptr ? none : *node, "http", problems);

  std::optional<PlacedText> listen = section.Text("listen");
  if (settings.http_listen.has_value()) {
    listen = settings.http_listen;
  }
  if (node != nullptr && !listen.has_value() && !section.Has("listen")) {
    section.Report("listen", "is missing; write host:port, such as 0.0.0.0:9090");
  }
  if (listen.has_value()) {
    const absl::StatusOr<Reach> reach = CheckListenAddress(listen->value);
    if (reach.ok()) {
      http.listen = listen->value;
    } else {
      problems.Add(listen->place, StrCat(Quoted(listen->value), ": ", reach.status().message()));
    }
  }
  section.Read("statusz", http.statusz);
  section.Finish();
}

}  // namespace credential_broker::config
