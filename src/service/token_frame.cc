#include "service/token_frame.h"

#include <utility>

#include "base/secret.h"

namespace credential_broker::service {

TokenFrame WipedAtTheEnd(std::string framed) {
  return {new std::string(std::move(framed)), [](std::string* gone) {
            Wipe(gone->data(), gone->size());
            delete gone;
          }};
}

void WipeValue(api::AccessToken& token) {
  std::string& value = *token.mutable_value();
  Wipe(value.data(), value.size());
}

}  // namespace credential_broker::service
