#ifndef CREDENTIAL_BROKER_OBSERVE_FIELD_H_
#define CREDENTIAL_BROKER_OBSERVE_FIELD_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "absl/time/time.h"

namespace credential_broker::observe {

// A key of a log line with its value. Made on the spot for one call of a Logger: texts are not
// copied. A Secret makes none, so that logging one does not compile.
struct Field {
  // A duration is written in seconds, an instant in RFC 3339.
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool,
                             absl::Duration, absl::Time>;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, std::nullptr_t) = delete;
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, std::same_as<bool> auto v) : key(k), value(v) {}
  Field(std::string_view k, std::signed_integral auto v)
      : key(k), value(static_cast<std::int64_t>(v)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Field(std::string_view k, T v)
      : key(k), value(static_cast<std::uint64_t>(v)) {}
  Field(std::string_view k, std::floating_point auto v) : key(k), value(static_cast<double>(v)) {}
  Field(std::string_view k, absl::Duration v) : key(k), value(v) {}
  Field(std::string_view k, absl::Time v) : key(k), value(v) {}

  std::string_view key;
  Value value;
};

}  // namespace credential_broker::observe

#endif  // CREDENTIAL_BROKER_OBSERVE_FIELD_H_
