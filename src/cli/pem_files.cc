#include "cli/pem_files.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace credential_broker::cli {
namespace {

constexpr std::size_t kMostBytes = std::size_t{4} << 20;
constexpr std::size_t kMostTokenBytes = std::size_t{64} << 10;
constexpr char kSystemAuthorities[] = "/etc/ssl/certs/ca-certificates.crt";

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

absl::Status CannotRead(const std::string& path, std::string_view why) {
  return absl::InvalidArgumentError(StrCat("cannot read ", path, ": ", why));
}

absl::StatusOr<Secret> ReadFile(const std::string& path, std::size_t most) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return CannotRead(path, std::generic_category().message(errno));
  }
  std::vector<char> buffer(most + 1);
  std::size_t size = 0;
  int error = 0;
  while (size < buffer.size()) {
    const ssize_t got = read(fd, buffer.data() + size, buffer.size() - size);
    if (got == 0) {
      break;
    }
    if (got > 0) {
      size += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      error = errno;
      break;
    }
  }
  close(fd);
  Secret content(std::string_view(buffer.data(), std::min(size, most)));
  Wipe(buffer.data(), size);
  if (error != 0) {
    return CannotRead(path, std::generic_category().message(error));
  }
  if (size > most) {
    return CannotRead(path, StrCat("it is larger than ", most, " bytes"));
  }
  return content;
}

Owned<BIO> Reader(std::string_view pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Never asks for a passphrase on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return 0; }

Owned<X509> FirstCertificate(std::string_view pem) {
  return Owned<X509>(PEM_read_bio_X509(Reader(pem).get(), nullptr, NoPassphrase, nullptr));
}

absl::StatusOr<std::string> ReadCertificates(const std::string& path) {
  absl::StatusOr<Secret> pem = ReadFile(path, kMostBytes);
  if (!pem.ok()) {
    return pem.status();
  }
  if (FirstCertificate(pem->Reveal()) == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        StrCat(path, " holds no certificate in PEM (a block \"-----BEGIN CERTIFICATE-----\")"));
  }
  return std::string(pem->Reveal());
}

absl::StatusOr<Secret> ReadKey(const std::string& path, const std::string& certificate,
                               const std::string& certificate_path) {
  absl::StatusOr<Secret> pem = ReadFile(path, kMostBytes);
  if (!pem.ok()) {
    return pem.status();
  }
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(Reader(pem->Reveal()).get(), nullptr, NoPassphrase, nullptr));
  const Owned<X509> first = FirstCertificate(certificate);
  const bool belongs = key != nullptr && X509_check_private_key(first.get(), key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        StrCat(path, " holds no private key in PEM, or one with a passphrase"));
  }
  if (!belongs) {
    return absl::InvalidArgumentError(StrCat(
        "the key in ", path, " does not belong to the first certificate in ", certificate_path));
  }
  return pem;
}

}  // namespace

absl::StatusOr<PemFiles> ReadPemFiles(const Endpoint& endpoint) {
  PemFiles files;
  absl::StatusOr<std::string> authorities =
      ReadCertificates(endpoint.ca_file.empty() ? kSystemAuthorities : endpoint.ca_file);
  if (!authorities.ok()) {
    return authorities.status();
  }
  files.authorities = *std::move(authorities);
  if (endpoint.cert_file.empty()) {
    return files;
  }
  absl::StatusOr<std::string> certificate = ReadCertificates(endpoint.cert_file);
  if (!certificate.ok()) {
    return certificate.status();
  }
  files.certificate = *std::move(certificate);
  absl::StatusOr<Secret> key = ReadKey(endpoint.key_file, files.certificate, endpoint.cert_file);
  if (!key.ok()) {
    return key.status();
  }
  files.key = *std::move(key);
  return files;
}

absl::StatusOr<Secret> ReadTokenFile(const std::string& path) {
  absl::StatusOr<Secret> content = ReadFile(path, kMostTokenBytes);
  if (!content.ok()) {
    return content.status();
  }
  std::string_view token = content->Reveal();
  token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
  const bool visible =
      std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (token.empty() || !visible) {
    return absl::InvalidArgumentError(StrCat(
        path, " holds no bearer token: a line of visible characters without spaces is wanted"));
  }
  return Secret(token);
}

}  // namespace credential_broker::cli
