#include "cli/write_file.h"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

#include "base/strings.h"

namespace credential_broker::cli {

absl::Status WriteFile(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file || std::rename(fresh.c_str(), path.c_str()) != 0) {
    const std::string why = std::generic_category().message(errno);
    std::remove(fresh.c_str());
    return absl::InvalidArgumentError(StrCat("cannot write ", path, ": ", why));
  }
  return absl::OkStatus();
}

}  // namespace credential_broker::cli
