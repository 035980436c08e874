#ifndef CREDENTIAL_BROKER_UPSTREAM_JSON_OBJECT_H_
#define CREDENTIAL_BROKER_UPSTREAM_JSON_OBJECT_H_

#include <initializer_list>
#include <string_view>

#include "upstream/wiped_buffer.h"

namespace credential_broker::upstream {

struct JsonMember {
  std::string_view name;
  std::string_view value;
};

// {"name":"value",…}, written straight into memory that is wiped: a JSON library would leave copies
// of the secrets. Names and values are escaped; they must be UTF-8 for the result to be JSON.
WipedBuffer JsonObject(std::initializer_list<JsonMember> members);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_JSON_OBJECT_H_
