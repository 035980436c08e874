#include "upstream/json_fields.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "upstream/secret_char.h"
#include "upstream/wiping_memory.h"

namespace credential_broker::upstream {
namespace {

// Of a text that is JSON, nlohmann's parser leaves no copy in freed memory: it collects each token
// in a string of this type, and in a vector of SecretChar.
using WipedString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
using WipedJson = nlohmann::basic_json<std::map, std::vector, WipedString>;

constexpr int kDeepest = 16;

// What nlohmann calls for each piece of the text; false ends the parse. Its names are not ours to
// choose. Not a json_sax: nlohmann's readers of binary formats, which are compiled too, give
// number_float a std::string, and that is not the string of WipedJson.
class FieldReader {
 public:
  FieldReader(std::initializer_list<WantedField> wanted) : wanted_(wanted) {}

  // Why the parse ended early.
  const absl::Status& error() const { return error_; }

  bool null() { return Put({.kind = JsonField::Kind::kNull}); }
  bool boolean(bool) { return Put({.kind = JsonField::Kind::kOther}); }
  bool number_integer(std::int64_t value) { return PutNumber(static_cast<double>(value)); }
  bool number_unsigned(std::uint64_t value) { return PutNumber(static_cast<double>(value)); }
  bool number_float(double value, const auto&) { return PutNumber(value); }

  bool string(WipedString& value) {
    JsonField field{.kind = JsonField::Kind::kString};
    if (target_ != nullptr) {
      field.text = Secret(value);
    }
    Wipe(value.data(), value.size());
    return Put(std::move(field));
  }

  bool binary(WipedJson::binary_t&) { return Fail("not JSON"); }

  bool start_object(std::size_t) { return Open(); }
  bool start_array(std::size_t) { return depth_ == 0 ? Fail("not a JSON object") : Open(); }
  bool end_object() { return Close(); }
  bool end_array() { return Close(); }

  bool key(WipedString& name) {
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
  bool parse_error(std::size_t position, const std::string&, const WipedJson::exception&) {
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
  if (!WipedJson::sax_parse(SecretCharIterator(json.begin()), SecretCharIterator(json.end()),
                            &reader)) {
    return reader.error();
  }
  return absl::OkStatus();
}

}  // namespace credential_broker::upstream
