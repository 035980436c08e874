#ifndef CREDENTIAL_BROKER_CONFIG_SECTIONS_H_
#define CREDENTIAL_BROKER_CONFIG_SECTIONS_H_

#include <string>
#include <string_view>

#include "config/broker_config.h"
#include "config/problems.h"
#include "config/section.h"
#include "config/settings.h"
#include "config/yaml_document.h"

namespace credential_broker::config {

// One reader for each part of the configuration. Each takes the root map, reports what is wrong,
// and leaves the defaults where it is.

// `folder`: where relative file names are taken from; empty: the working directory.
std::string ResolveFile(std::string_view folder, std::string_view file);

void ReadServer(Section& root, const std::string& folder, const Settings& settings,
                Problems& problems, ServerConfig& server);

// A `tls` section of a listener.
TlsFiles ReadTls(const YamlNode& node, const std::string& path, const std::string& folder,
                 Problems& problems);

void ReadHttp(Section& root, const Settings& settings, Problems& problems, HttpConfig& http);

// Reads `kubernetes_callers` and `kubernetes`. Called after ReadServer: whether bearer tokens may
// be accepted depends on the listener.
void ReadKubernetes(Section& root, const std::string& folder, Problems& problems,
                    BrokerConfig& config);
// After ReadServer, whose address it must not have.
void ReadAdmin(Section& root, Problems& problems, const ServerConfig& server, AdminConfig& admin);

void ReadCredentials(Section& root, const std::string& folder, Problems& problems,
                     std::vector<CredentialConfig>& credentials);

}  // namespace credential_broker::config

#endif  // CREDENTIAL_BROKER_CONFIG_SECTIONS_H_
