#include "observe/field.h"

#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>

#include "base/secret.h"
#include "core/token.h"
#include "gtest/gtest.h"

namespace credential_broker::observe {
namespace {

// Logging a secret does not compile, in whatever form it is at hand.
static_assert(!std::is_constructible_v<Field, const char*, Secret>);
static_assert(!std::is_constructible_v<Field, const char*, const Secret&>);
static_assert(!std::is_constructible_v<Field, const char*, Secret*>);
static_assert(!std::is_constructible_v<Field, const char*, const Secret*>);
static_assert(!std::is_constructible_v<Field, const char*, Token>);
static_assert(!std::is_constructible_v<Field, const char*, TokenPtr>);
static_assert(!std::is_convertible_v<Secret, Field::Value>);
// Nor does what would be a bool or a number by accident.
static_assert(!std::is_constructible_v<Field, const char*, void*>);
static_assert(!std::is_constructible_v<Field, const char*, int*>);
static_assert(!std::is_constructible_v<Field, const char*, std::nullptr_t>);

template <typename T>
T ValueOf(const Field& field) {
  return std::get<T>(field.value);
}

TEST(Field, KeepsTheKindOfItsValue) {
  const std::string text = "text";
  EXPECT_EQ(ValueOf<std::string_view>(Field("k", "text")), "text");
  EXPECT_EQ(ValueOf<std::string_view>(Field("k", text)), "text");
  EXPECT_EQ(ValueOf<std::string_view>(Field("k", std::string_view(text))), "text");
  EXPECT_EQ(ValueOf<bool>(Field("k", true)), true);
  EXPECT_EQ(ValueOf<std::int64_t>(Field("k", -1)), -1);
  EXPECT_EQ(ValueOf<std::int64_t>(Field("k", std::int16_t{7})), 7);
  EXPECT_EQ(ValueOf<std::uint64_t>(Field("k", ~std::uint64_t{0})), ~std::uint64_t{0});
  EXPECT_EQ(ValueOf<std::uint64_t>(Field("k", text.size())), 4U);
  EXPECT_EQ(ValueOf<double>(Field("k", 0.5)), 0.5);
  EXPECT_EQ(ValueOf<double>(Field("k", 0.5F)), 0.5);
  EXPECT_EQ(ValueOf<absl::Duration>(Field("k", absl::Seconds(1))), absl::Seconds(1));
  EXPECT_EQ(ValueOf<absl::Time>(Field("k", absl::UnixEpoch())), absl::UnixEpoch());
}

}  // namespace
}  // namespace credential_broker::observe
