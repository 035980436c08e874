#include "config/watched_paths.h"

#include <filesystem>
#include <list>
#include <system_error>

namespace credential_broker::config {
namespace {

namespace fs = std::filesystem;

constexpr int kMostLinks = 40;  // the kernel's own limit

}  // namespace

void AddEntriesOf(const std::string& path, DirectoryEntries& entries) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  if (error) {
    return;
  }
  const fs::path relative = absolute.relative_path();
  std::list<fs::path> ahead(relative.begin(), relative.end());
  fs::path directory = "/";  // holds no link
  int links = 0;
  while (!ahead.empty()) {
    const fs::path name = ahead.front();
    ahead.pop_front();
    if (name.empty() || name == ".") {
      continue;
    }
    if (name == "..") {
      directory = directory.parent_path();
      continue;
    }
    entries[directory.string()].insert(name.string());
    const fs::path entry = directory / name;
    const fs::file_status status = fs::symlink_status(entry, error);
    if (status.type() == fs::file_type::directory) {
      directory = entry;
    } else if (status.type() == fs::file_type::symlink && links++ < kMostLinks) {
      const fs::path target = fs::read_symlink(entry, error);
      const fs::path steps = target.relative_path();
      ahead.insert(ahead.begin(), steps.begin(), steps.end());
      directory = target.is_absolute() ? fs::path("/") : directory;
    } else {
      return;
    }
  }
}

}  // namespace credential_broker::config
