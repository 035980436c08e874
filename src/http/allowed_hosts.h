#ifndef CREDENTIAL_BROKER_HTTP_ALLOWED_HOSTS_H_
#define CREDENTIAL_BROKER_HTTP_ALLOWED_HOSTS_H_

#include <string>
#include <string_view>
#include <vector>

namespace credential_broker::http {

// The names that a request's Host may have at a listener.
//
// At one on loopback: localhost, 127.0.0.1, [::1] and the address that it is bound to, with any
// port. A website may have its own name resolve to 127.0.0.1 (DNS rebinding), so that a browser on
// this machine takes the pages for that website's and lets its scripts read them; such requests
// carry the website's name. At a listener that other machines reach, and at a unix socket, which no
// browser reaches, any Host is allowed.
class AllowedHosts {
 public:
  // Of the bound socket `listener`.
  static AllowedHosts For(int listener);

  bool Allows(std::string_view host) const;

 private:
  explicit AllowedHosts(std::vector<std::string> names) : names_(std::move(names)) {}

  std::vector<std::string> names_;  // empty: any
};

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_ALLOWED_HOSTS_H_
