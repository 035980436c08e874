// The configuration: whatever the file holds, it is read or refused with a message that names it,
// line by line.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "config/load_config.h"

namespace {

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using credential_broker::config::ParseConfig;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = ParseConfig(text, "f");
  if (config.ok()) {
    Require(!config->credentials.empty());
    for (const auto& credential : config->credentials) {
      Require(!credential.name.empty() && credential.base_url.starts_with("https://"));
      Require(!credential.login.id_file.empty() && !credential.login.secret_file.empty());
      Require(credential.connect_timeout <= credential.request_timeout);
    }
    return 0;
  }
  const std::string message(config.status().message());
  Require(message.starts_with("f:"));
  Require(message.size() < std::size_t{100} * 1024);
  for (const char c : message) {  // nothing that a terminal obeys
    Require(c == '\n' || c < 0 || (c >= 0x20 && c < 0x7f));
  }
  return 0;
}
