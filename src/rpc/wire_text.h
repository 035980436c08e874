#ifndef CREDENTIAL_BROKER_RPC_WIRE_TEXT_H_
#define CREDENTIAL_BROKER_RPC_WIRE_TEXT_H_

#include <optional>
#include <string>
#include <string_view>

namespace credential_broker::rpc {

// How gRPC writes what does not fit a header field's value.

// The value of grpc-message: bytes outside printable ASCII, and `%`, as %XX.
std::string PercentEncode(std::string_view message);

// Base64 of RFC 4648 §4 without padding: some clients refuse padding in "-bin" values.
std::string EncodeBinary(std::string_view bytes);

// Takes base64 with or without padding. None: it is not base64.
std::optional<std::string> DecodeBinary(std::string_view text);

// Whether a metadata entry's value is binary, by its name.
bool IsBinaryName(std::string_view name);

}  // namespace credential_broker::rpc

#endif  // CREDENTIAL_BROKER_RPC_WIRE_TEXT_H_
