#include "cli/tls_files.h"

#include <openssl/sha.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "base/strings.h"

namespace credential_broker::cli {
namespace {

constexpr std::streamsize kLargestFile = 1024 * 1024;

absl::StatusOr<Secret> ReadSecretFile(std::string_view key, const std::string& path) {
  // To open a named pipe would wait for its writer.
  if (std::error_code error;
      std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    return absl::InvalidArgumentError(
        StrCat("server.tls.", key, ": ", path, " is not a regular file; a PEM file is expected"));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(kLargestFile + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const std::streamsize size = file.gcount();
  const bool failed = !file.is_open() || file.bad();
  const int error = errno;
  Secret content(std::string_view(text).substr(0, static_cast<std::size_t>(size)));
  Wipe(text.data(), text.size());
  if (failed) {
    return absl::InvalidArgumentError(StrCat("server.tls.", key, ": cannot read ", path, ": ",
                                             std::generic_category().message(error)));
  }
  if (size == 0 || size > kLargestFile) {
    return absl::InvalidArgumentError(StrCat("server.tls.", key, ": ", path,
                                             size == 0 ? " is empty" : " is larger than 1 MiB",
                                             "; a PEM file is expected"));
  }
  return content;
}

absl::StatusOr<std::string> ReadTextFile(std::string_view key, const std::string& path) {
  absl::StatusOr<Secret> content = ReadSecretFile(key, path);
  if (!content.ok()) {
    return content.status();
  }
  return std::string(content->Reveal());
}

}  // namespace

absl::StatusOr<h2::TlsIdentity> ReadTlsFiles(const config::TlsFiles& files) {
  h2::TlsIdentity identity;
  absl::StatusOr<std::string> chain = ReadTextFile("cert_file", files.cert_file);
  if (!chain.ok()) {
    return chain.status();
  }
  identity.certificate_chain = *std::move(chain);
  absl::StatusOr<Secret> key = ReadSecretFile("key_file", files.key_file);
  if (!key.ok()) {
    return key.status();
  }
  identity.private_key = *std::move(key);
  if (!files.client_ca_file.empty()) {
    absl::StatusOr<std::string> ca = ReadTextFile("client_ca_file", files.client_ca_file);
    if (!ca.ok()) {
      return ca.status();
    }
    identity.client_ca = *std::move(ca);
  }
  for (const config::ClientCaConfig& authority : files.client_ca) {
    absl::StatusOr<std::string> ca = ReadTextFile("client_ca", authority.file);
    if (!ca.ok()) {
      return ca.status();
    }
    identity.client_authorities.push_back({authority.file, *std::move(ca), authority.scope});
  }
  if (!files.crl_file.empty()) {
    absl::StatusOr<std::string> crls = ReadTextFile("crl_file", files.crl_file);
    if (!crls.ok()) {
      return crls.status();
    }
    identity.client_crls = *std::move(crls);
  }
  return identity;
}

std::string DigestOf(const h2::TlsIdentity& identity) {
  std::string digest;
  std::vector<std::string_view> parts = {identity.certificate_chain, identity.private_key.Reveal(),
                                         identity.client_ca, identity.client_crls};
  for (const h2::ClientAuthority& authority : identity.client_authorities) {
    parts.insert(parts.end(), {authority.certificates, authority.scope.dns ? "dns" : ""});
    parts.insert(parts.end(), authority.scope.trust_domains.begin(),
                 authority.scope.trust_domains.end());
  }
  for (const std::string_view part : parts) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
    SHA256(reinterpret_cast<const unsigned char*>(part.data()), part.size(), hash.data());
    digest.append(hash.begin(), hash.end());
  }
  return digest;
}

absl::Status WithNamesOf(const config::TlsFiles& files, const absl::Status& error) {
  std::string names = StrCat(files.cert_file, ", ", files.key_file);
  if (!files.client_ca_file.empty()) {
    names += StrCat(", ", files.client_ca_file);
  }
  for (const config::ClientCaConfig& authority : files.client_ca) {
    names += StrCat(", ", authority.file);
  }
  if (!files.crl_file.empty()) {
    names += StrCat(", ", files.crl_file);
  }
  return absl::Status(error.code(),
                      ToAbsl(StrCat("server.tls (", names, "): ", ToStd(error.message()))));
}

}  // namespace credential_broker::cli
