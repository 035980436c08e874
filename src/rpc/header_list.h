#ifndef CREDENTIAL_BROKER_RPC_HEADER_LIST_H_
#define CREDENTIAL_BROKER_RPC_HEADER_LIST_H_

#include <forward_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "h2/stream.h"
#include "rpc/call.h"

namespace credential_broker::rpc {

// The fields of one header section to send, with the texts that were made for it.
class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  // `name` and `value` outlive the list.
  void Add(std::string_view name, std::string_view value) { fields_.push_back({name, value}); }
  void Add(absl::Span<const h2::HeaderView> fields) {
    fields_.insert(fields_.end(), fields.begin(), fields.end());
  }
  // `name` outlives the list.
  void AddOwned(std::string_view name, std::string value) { Add(name, Own(std::move(value))); }
  // As Call::SendInitialMetadata says. `metadata` outlives the list.
  void Add(const Metadata& metadata);

  absl::Span<const h2::HeaderView> fields() const { return fields_; }

 private:
  std::string_view Own(std::string text) { return owned_.emplace_front(std::move(text)); }

  std::vector<h2::HeaderView> fields_;
  std::forward_list<std::string> owned_;
};

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_HEADER_LIST_H_
