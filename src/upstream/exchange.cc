#include "upstream/exchange.h"

#include <utility>

#include "base/strings.h"

namespace credential_broker::upstream {
namespace {

constexpr std::size_t kLargestHeaders = std::size_t{16} * 1024;

}  // namespace

bool Exchange::OnReadyToSend() {
  ++attempts_;
  return attempts_ == 1 || delivery_ == Delivery::kMayRepeat ||
         Refuse("the connection broke, and the request may not be repeated");
}

bool Exchange::OnHeader(std::string_view line) {
  header_bytes_ += line.size();
  if (line.starts_with("HTTP/")) {
    head_is_whole_ = false;  // another head, after that of an interim answer (1xx)
  } else if (line.find_first_not_of("\r\n") == std::string_view::npos) {
    head_is_whole_ = true;  // and stays so: what follows are trailers
  }
  return header_bytes_ <= kLargestHeaders ||
         Refuse(StrCat("the answer's headers are larger than ", kLargestHeaders, " bytes"));
}

bool Exchange::OnBody(std::string_view bytes) {
  if (bytes.size() > largest_body_ - body_.size()) {
    return Refuse(StrCat("the answer's body is larger than ", largest_body_, " bytes"));
  }
  body_.Append(bytes);
  return true;
}

bool Exchange::Refuse(std::string why) {
  refusal_ = std::move(why);
  return false;
}

}  // namespace credential_broker::upstream
