#include "identity/token_review.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "base/secret.h"
#include "base/strings.h"
#include "core/reason.h"

namespace credential_broker::identity {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kDeepest = 16;

// What we look for in {"kind", "status": {"authenticated", "user": {"username"}, "audiences"}}.
enum class Field { kNone, kRoot, kKind, kStatus, kAuthenticated, kUser, kUsername, kAudiences };
constexpr std::size_t kFields = 8;

Field FieldIn(Field object, std::string_view key) {
  struct Member {
    Field object;
    std::string_view key;
    Field field;
  };
  constexpr std::array<Member, 6> kMembers = {{
      {Field::kRoot, "kind", Field::kKind},
      {Field::kRoot, "status", Field::kStatus},
      {Field::kStatus, "authenticated", Field::kAuthenticated},
      {Field::kStatus, "user", Field::kUser},
      {Field::kStatus, "audiences", Field::kAudiences},
      {Field::kUser, "username", Field::kUsername},
  }};
  const auto* const it = std::find_if(kMembers.begin(), kMembers.end(), [&](const Member& member) {
    return member.object == object && member.key == key;
  });
  return it == kMembers.end() ? Field::kNone : it->field;
}

// What nlohmann calls for each piece of the text; false ends the parse. Its names are not ours to
// choose.
class ReviewReader final : public nlohmann::json_sax<Json> {
 public:
  explicit ReviewReader(std::string_view audience) : audience_(audience) {}

  bool is_review() const { return is_review_; }
  bool authenticated() const { return authenticated_; }
  bool names_audience() const { return names_audience_; }
  const std::string& username() const { return username_; }

  bool null() override {
    value_of_ = Field::kNone;
    return !open_.empty();
  }
  bool boolean(bool value) override {
    const Field field = TakeField();
    authenticated_ = authenticated_ || (field == Field::kAuthenticated && value);
    return !open_.empty() && (field == Field::kNone || field == Field::kAuthenticated);
  }
  bool number_integer(number_integer_t) override { return PassOver(); }
  bool number_unsigned(number_unsigned_t) override { return PassOver(); }
  bool number_float(number_float_t, const string_t&) override { return PassOver(); }
  bool binary(binary_t&) override { return false; }

  bool string(string_t& value) override {
    const bool understood = TakeString(value);
    Wipe(value.data(), value.size());  // the answer repeats the token
    return understood;
  }

  bool start_object(std::size_t) override {
    if (open_.empty()) {
      return Open(Field::kRoot);
    }
    const Field field = TakeField();
    const bool expected = field == Field::kNone || field == Field::kStatus || field == Field::kUser;
    return expected && Open(field);
  }
  bool start_array(std::size_t) override {
    const Field field = TakeField();
    const bool expected = field == Field::kNone || field == Field::kAudiences;
    return !open_.empty() && expected && Open(field);
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  // A member that stands there twice: which of the two counts would be a guess.
  bool key(string_t& name) override {
    value_of_ = FieldIn(open_.back(), name);
    bool& seen = seen_[static_cast<std::size_t>(value_of_)];
    return value_of_ == Field::kNone || !std::exchange(seen, true);
  }

  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;
  }

 private:
  Field TakeField() { return std::exchange(value_of_, Field::kNone); }

  // A value that we look for would be of another kind.
  bool PassOver() { return !open_.empty() && TakeField() == Field::kNone; }

  bool TakeString(const std::string& value) {
    if (open_.empty()) {
      return false;
    }
    switch (TakeField()) {
      case Field::kNone:
        names_audience_ =
            names_audience_ || (open_.back() == Field::kAudiences && value == audience_);
        return true;
      case Field::kKind:
        is_review_ = value == "TokenReview";
        return true;
      case Field::kUsername:
        username_ = value;
        return true;
      default:
        return false;
    }
  }

  bool Open(Field field) {
    open_.push_back(field);
    return open_.size() <= kDeepest;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  const std::string_view audience_;
  std::vector<Field> open_;        // the objects and arrays around this place
  Field value_of_ = Field::kNone;  // what the next value is
  std::array<bool, kFields> seen_{};
  bool is_review_ = false;
  bool authenticated_ = false;
  bool names_audience_ = false;
  std::string username_;
};

// RFC 1123 names, as Kubernetes gives to namespaces and accounts: nothing that would be more than
// one segment of a principal.
bool IsKubernetesName(absl::string_view name) {
  constexpr std::size_t kLongest = 253;
  return !name.empty() && name.size() <= kLongest &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-' || c == '.';
         });
}

bool IsServiceAccount(std::string_view username) {
  const std::vector<absl::string_view> parts = absl::StrSplit(ToAbsl(username), ':');
  return parts.size() == 4 && parts[0] == "system" && parts[1] == "serviceaccount" &&
         IsKubernetesName(parts[2]) && IsKubernetesName(parts[3]);
}

absl::Status Refused(std::string_view message) {
  return MakeError(Reason::kCallerUnauthenticated, message);
}

}  // namespace

upstream::WipedBuffer TokenReviewRequest(std::string_view token, std::string_view audience) {
  const std::string quoted_audience =
      Json(std::string(audience)).dump(-1, ' ', false, Json::error_handler_t::replace);
  upstream::WipedBuffer body;
  body.Append(R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":")");
  body.Append(token);
  body.Append(R"(","audiences":[)");
  body.Append(quoted_audience);
  body.Append("]}}");
  return body;
}

absl::StatusOr<std::string> PrincipalInReview(std::string_view body, std::string_view audience) {
  ReviewReader review(audience);
  if (!Json::sax_parse(body.begin(), body.end(), &review) || !review.is_review()) {
    return absl::InvalidArgumentError("the answer is no TokenReview");
  }
  if (!review.authenticated()) {
    return Refused(
        StrCat("the API server refuses the bearer token: it is expired, revoked, or not meant for "
               "the audience '",
               audience, "'; send a ServiceAccount token that is projected for that audience"));
  }
  if (!review.names_audience()) {
    return Refused(
        StrCat("the API server does not say that the bearer token is meant for the audience '",
               audience, "'; send a ServiceAccount token that is projected for it"));
  }
  if (!IsServiceAccount(review.username())) {
    return Refused("the bearer token is not of a ServiceAccount; send one that is");
  }
  return review.username();
}

}  // namespace credential_broker::identity
