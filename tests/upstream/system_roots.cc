#include "upstream/system_roots.h"

#include <dlfcn.h>
#include <openssl/x509_vfy.h>

#include <string_view>

namespace {

const char* roots = nullptr;

bool IsSystems(const char* path) {
  return roots != nullptr && std::string_view(path).substr(0, 9) == "/etc/ssl/";
}

using Load = int (*)(X509_STORE*, const char*);
Load Next(const char* function) { return reinterpret_cast<Load>(dlsym(RTLD_NEXT, function)); }

}  // namespace

// These two replace OpenSSL's in this program, for libcurl too.

extern "C" int X509_STORE_load_file(X509_STORE* store, const char* file) {
  return Next("X509_STORE_load_file")(store, IsSystems(file) ? roots : file);
}

extern "C" int X509_STORE_load_path(X509_STORE* store, const char* folder) {
  return IsSystems(folder) ? X509_STORE_load_file(store, roots)
                           : Next("X509_STORE_load_path")(store, folder);
}

namespace credential_broker::upstream {

SystemRoots::SystemRoots(const TestCa& ca) { roots = ca.ca_file().c_str(); }
SystemRoots::~SystemRoots() { roots = nullptr; }

}  // namespace credential_broker::upstream
