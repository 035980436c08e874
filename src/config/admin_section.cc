#include <optional>

#include "absl/status/statusor.h"
#include "base/strings.h"
#include "config/listen_address.h"
#include "config/sections.h"

namespace credential_broker::config {
namespace {

// Empty: the address will do.
std::string WhatIsWrongWith(const std::string& listen, const ServerConfig& server) {
  if (!listen.starts_with(kUnixPrefix)) {
    return "is no unix socket, and the admin service asks nobody who they are: who may call is who "
           "may open its socket, which has mode 0600; write unix:/path";
  }
  if (const absl::StatusOr<Reach> reach = CheckListenAddress(listen); !reach.ok()) {
    return std::string(reach.status().message());
  }
  if (listen == server.listen) {
    return "is where server.listen is, too; give each a socket of its own";
  }
  return "";
}

}  // namespace

void ReadAdmin(Section& root, Problems& problems, const ServerConfig& server, AdminConfig& admin) {
  const YamlNode* node = root.Map("admin");
  if (node == nullptr) {
    return;
  }
  Section section(*node, "admin", problems);
  const std::optional<PlacedText> listen =
      section.RequiredText("listen", "write admin.listen: unix:/path, or leave admin out");
  if (listen.has_value()) {
    if (const std::string wrong = WhatIsWrongWith(listen->value, server); !wrong.empty()) {
      problems.Add(listen->place, StrCat(Quoted(listen->value), ": ", wrong));
    }
    admin.listen = listen->value;
  }
  section.Finish();
}

}  // namespace credential_broker::config
