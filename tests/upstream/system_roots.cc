#include "upstream/system_roots.h"

#include <dlfcn.h>
#include <openssl/x509_vfy.h>

#include <string_view>
#include <utility>

namespace {

const char* roots = nullptr;

bool IsSystems(const char* path) {
  return roots != nullptr && std::string_view(path).starts_with("/etc/ssl/");
}

using Load = int (*)(X509_STORE*, const char*);
Load Next(const char* function) { return reinterpret_cast<Load>(dlsym(RTLD_NEXT, function)); }

}  // namespace

// These two replace OpenSSL's in this program, for libcurl too.

extern "C" int X509_STORE_load_file(X509_STORE* ctx, const char* file) {
  return Next("X509_STORE_load_file")(ctx, IsSystems(file) ? roots : file);
}

extern "C" int X509_STORE_load_path(X509_STORE* ctx, const char* path) {
  return IsSystems(path) ? X509_STORE_load_file(ctx, roots)
                         : Next("X509_STORE_load_path")(ctx, path);
}

namespace credential_broker::upstream {

SystemRoots::SystemRoots(std::string ca_file) : ca_file_(std::move(ca_file)) {
  roots = ca_file_.c_str();
}
SystemRoots::~SystemRoots() { roots = nullptr; }

}  // namespace credential_broker::upstream
