#ifndef CREDENTIAL_BROKER_CONFIG_WATCHED_PATHS_H_
#define CREDENTIAL_BROKER_CONFIG_WATCHED_PATHS_H_

#include <map>
#include <set>
#include <string>

namespace credential_broker::config {

// Names of directory entries by the directory that holds them.
using DirectoryEntries = std::map<std::string, std::set<std::string>>;

// Adds every directory entry that decides what `path` leads to: each component of it, and of the
// symbolic links on the way, as far as they exist now and the first that does not. For /s/key ->
// ..data/key, ..data -> v1 that is s in
// /, key, ..data and v1 in /s, and key in /s/v1.
void AddEntriesOf(const std::string& path, DirectoryEntries& entries);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_WATCHED_PATHS_H_
