#ifndef CREDENTIAL_BROKER_UPSTREAM_JSON_FIELDS_H_
#define CREDENTIAL_BROKER_UPSTREAM_JSON_FIELDS_H_

#include <initializer_list>
#include <string_view>

#include "absl/status/status.h"
#include "base/secret.h"

namespace credential_broker::upstream {

// One member of a JSON object.
struct JsonField {
  enum class Kind { kAbsent, kNull, kNumber, kString, kOther };

  bool absent() const { return kind == Kind::kAbsent || kind == Kind::kNull; }

  Kind kind = Kind::kAbsent;
  double number = 0;
  Secret text = Secret();
};

struct WantedField {
  std::string_view name;
  JsonField* into;  // left as it is where the object has no such member
};

// Reads the members `wanted` of the object `json`. Strings go straight into Secret: no tree of the
// whole text is built, which would leave copies behind.
//
// INVALID_ARGUMENT where `json` is not an object, is no valid JSON or UTF-8, is nested deeper than
// 16 levels, or has a wanted member twice (which of the two counts would be a guess). The error
// holds no byte of it.
absl::Status ReadJsonFields(std::string_view json, std::initializer_list<WantedField> wanted);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_JSON_FIELDS_H_
