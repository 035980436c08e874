#include "config/base_url.h"

#include <algorithm>
#include <optional>

#include "absl/strings/match.h"
#include "base/strings.h"
#include "config/host_port.h"
#include "config/listen_address.h"
#include "config/scalars.h"

namespace credential_broker::config {
namespace {

constexpr std::string_view kHttps = "https://";
constexpr std::size_t kMaxUrlBytes = 2048;

// What may stand in a path (RFC 3986, section 3.3).
bool IsPathCharacter(char c) {
  constexpr std::string_view kOthers = "/-._~!$&'()*+,;=:@%";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kOthers.find(c) != std::string_view::npos;
}

absl::Status CheckAuthority(std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) {
    return absl::InvalidArgumentError(
        "must not hold a user name or a password; name the files that hold them instead");
  }
  const HostPort parts = SplitHostPort(authority);
  if (parts.host.empty() || !IsHost(parts)) {
    return absl::InvalidArgumentError(
        "has no usable host; write https://host or https://host:port");
  }
  if (parts.port.has_value()) {
    const std::optional<std::uint32_t> port = ParseWhole(*parts.port);
    if (!port.has_value() || *port == 0 || *port > kMaxPort) {
      return absl::InvalidArgumentError("the port must be a number from 1 to 65535");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ParseBaseUrl(std::string_view url) {
  if (!absl::StartsWithIgnoreCase(ToAbsl(url), ToAbsl(kHttps))) {
    return absl::InvalidArgumentError(
        "must start with https://: over anything else the secrets would be sent in the clear");
  }
  if (url.size() > kMaxUrlBytes) {
    return absl::InvalidArgumentError(
        "is longer than 2048 characters; write https://host[:port][/path]");
  }
  const std::string_view rest = url.substr(kHttps.size());
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return absl::InvalidArgumentError("must not hold ? or #; write https://host[:port][/path]");
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  if (absl::Status status = CheckAuthority(rest.substr(0, slash)); !status.ok()) {
    return status;
  }
  std::string_view path = rest.substr(slash);
  if (!std::all_of(path.begin(), path.end(), IsPathCharacter)) {
    return absl::InvalidArgumentError(
        "its path holds a character that no URL may; write it percent-encoded");
  }
  while (!path.empty() && path.back() == '/') {
    path.remove_suffix(1);
  }
  return StrCat(kHttps, rest.substr(0, slash), path);
}

}  // namespace credential_broker::config
