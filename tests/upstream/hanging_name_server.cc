#include "upstream/hanging_name_server.h"

#include <dlfcn.h>
#include <netdb.h>

#include <cstring>
#include <utility>

#include "upstream/trusting_client.h"

namespace credential_broker::upstream {
namespace {

std::shared_ptr<HangingNameServer> hanging_name_server;

}  // namespace

void SetHangingNameServer(std::shared_ptr<HangingNameServer> server) {
  hanging_name_server = std::move(server);
}

// Takes the place of libc's in this program, libcurl included.
// NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): libc's names are reserved
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** result) {
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  if (node != nullptr && std::strcmp(node, "hanging.test") == 0) {
    const std::shared_ptr<HangingNameServer> server = std::move(hanging_name_server);
    server->asked.set_value();
    server->release.wait_for(kPatience);
    return EAI_AGAIN;
  }
  if (node != nullptr && std::strcmp(node, "unknown.test") == 0) {
    return EAI_NONAME;
  }
  return real(node, service, hints, result);
}

}  // namespace credential_broker::upstream
