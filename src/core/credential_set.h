#ifndef CREDENTIAL_BROKER_CORE_CREDENTIAL_SET_H_
#define CREDENTIAL_BROKER_CORE_CREDENTIAL_SET_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/access_policy.h"
#include "core/credential.h"

namespace credential_broker {

// The credentials of one configuration with the rule of who may use them. Immutable: a reload makes
// another. Thread-safe.
class CredentialSet {
 public:
  CredentialSet(std::map<std::string, std::shared_ptr<Credential>, std::less<>> credentials,
                AccessPolicy policy)
      : credentials_(std::move(credentials)), policy_(std::move(policy)) {}

  const std::map<std::string, std::shared_ptr<Credential>, std::less<>>& all() const {
    return credentials_;
  }
  const AccessPolicy& policy() const { return policy_; }

  // Null: no credential of that name.
  std::shared_ptr<Credential> Find(std::string_view name) const {
    auto it = credentials_.find(name);
    return it == credentials_.end() ? nullptr : it->second;
  }

 private:
  std::map<std::string, std::shared_ptr<Credential>, std::less<>> credentials_;
  AccessPolicy policy_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_CORE_CREDENTIAL_SET_H_
