#include "upstream/json_fields.h"

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/strings.h"

namespace credential_broker::upstream {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 16;

// What nlohmann calls for each piece of the text; false ends the parse. Its names are not ours to
// choose.
class FieldReader final : public nlohmann::json_sax<Json> {
 public:
  FieldReader(std::initializer_list<WantedField> wanted) : wanted_(wanted) {}

  // Why the parse ended early.
  const absl::Status& error() const { return error_; }

  bool null() override { return Put({.kind = JsonField::Kind::kNull}); }
  bool boolean(bool) override { return Put({.kind = JsonField::Kind::kOther}); }
  bool number_integer(number_integer_t value) override {
    return PutNumber(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return PutNumber(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return PutNumber(value); }

  bool string(string_t& value) override {
    JsonField field{.kind = JsonField::Kind::kString};
    if (target_ != nullptr) {
      field.text = Secret(value);
    }
    Wipe(value.data(), value.size());
    return Put(std::move(field));
  }

  bool binary(binary_t&) override { return Fail("not JSON"); }

  bool start_object(std::size_t) override { return Open(); }
  bool start_array(std::size_t) override {
    return depth_ == 0 ? Fail("not a JSON object") : Open();
  }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    target_ = nullptr;
    for (const WantedField& field : wanted_) {
      if (depth_ == 1 && field.name == name) {
        target_ = field.into;
        if (target_->kind != JsonField::Kind::kAbsent) {
          return Fail(StrCat("`", field.name, "` stands there twice"));
        }
      }
    }
    return true;
  }

  // `last` and the exception's text quote the input: neither is used.
  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    return Fail(StrCat("not valid JSON at byte ", position));
  }

 private:
  bool Put(JsonField field) {
    if (depth_ == 0) {
      return Fail("not a JSON object");
    }
    if (target_ != nullptr) {
      *std::exchange(target_, nullptr) = std::move(field);
    }
    return true;
  }

  bool PutNumber(double value) { return Put({.kind = JsonField::Kind::kNumber, .number = value}); }

  bool Open() {
    if (depth_ > 0 && !Put({.kind = JsonField::Kind::kOther})) {
      return false;
    }
    return ++depth_ <= kDeepest ? true : Fail(StrCat("nested deeper than ", kDeepest));
  }

  bool Close() {
    --depth_;
    return true;
  }

  bool Fail(std::string_view what) {
    error_ = absl::InvalidArgumentError(ToAbsl(what));
    return false;
  }

  std::initializer_list<WantedField> wanted_;
  JsonField* target_ = nullptr;  // where the next value goes; null: nobody asked for it
  int depth_ = 0;
  absl::Status error_;
};

}  // namespace

absl::Status ReadJsonFields(std::string_view json, std::initializer_list<WantedField> wanted) {
  FieldReader reader(wanted);
  if (!Json::sax_parse(json.begin(), json.end(), &reader)) {
    return reader.error();
  }
  return absl::OkStatus();
}

}  // namespace credential_broker::upstream
