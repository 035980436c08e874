#include "base/secret.h"

#include <gtest/gtest.h>

#include <concepts>
#include <cstring>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace credential_broker {
namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(std::is_nothrow_move_assignable_v<Secret>);
static_assert(!Streamable<Secret> && Streamable<std::string>);
// Nor does it become text, or come from text, unnoticed.
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<std::string_view, Secret>);
static_assert(!std::is_constructible_v<absl::AlphaNum, const Secret&>);

TEST(Secret, RevealsWhatItWasGiven) {
  const Secret secret("s3cret");
  EXPECT_EQ(secret.Reveal(), "s3cret");
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret().empty());
  EXPECT_TRUE(Secret("").empty());
  EXPECT_EQ(Secret().Reveal(), "");
}

TEST(Secret, KeepsEveryByte) {
  const std::string bytes("\0\xff\n\0", 4);
  EXPECT_EQ(Secret(bytes).Reveal(), bytes);
}

TEST(Secret, IsItsOwnCopy) {
  std::string plain = "s3cret";
  const Secret secret(plain);
  Wipe(plain.data(), plain.size());
  EXPECT_EQ(secret.Reveal(), "s3cret");
}

TEST(Secret, MovesWithoutLeavingACopy) {
  Secret from("s3cret");
  const char* const place = from.Reveal().data();
  Secret to(std::move(from));
  EXPECT_EQ(to.Reveal().data(), place);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
  to = Secret("other");
  EXPECT_EQ(to.Reveal(), "other");
}

TEST(Secret, CloneIsEqualAndApart) {
  const Secret secret("s3cret");
  const Secret clone = secret.Clone();
  EXPECT_TRUE(clone.Equals(secret));
  EXPECT_NE(clone.Reveal().data(), secret.Reveal().data());
}

TEST(Secret, EqualsComparesAllBytes) {
  EXPECT_TRUE(Secret("abc").Equals(Secret("abc")));
  EXPECT_FALSE(Secret("abc").Equals(Secret("abd")));
  EXPECT_FALSE(Secret("abc").Equals(Secret("abcd")));
  EXPECT_FALSE(Secret("abc").Equals(Secret()));
  EXPECT_TRUE(Secret().Equals(Secret("")));
}

TEST(Secret, WipeOverwrites) {
  std::string plain = "s3cret";
  Wipe(plain.data(), plain.size());
  EXPECT_EQ(plain, std::string(6, '\0'));
}

TEST(SecretDeathTest, MemoryIsReadOnlyAndGuarded) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Secret secret("s3cret");
  EXPECT_DEATH(std::memset(const_cast<char*>(secret.Reveal().data()), 0, 1), "");
  EXPECT_DEATH(
      {
        volatile char past = *(secret.Reveal().data() + secret.Reveal().size());
        static_cast<void>(past);
      },
      "");
}

TEST(SecretDeathTest, MemoryIsGoneAfterItsEnd) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        const char* dangling = nullptr;
        {
          const Secret secret("s3cret");
          dangling = secret.Reveal().data();
        }
        volatile char after = *dangling;
        static_cast<void>(after);
      },
      "");
}

}  // namespace
}  // namespace credential_broker
