#ifndef CREDENTIAL_BROKER_BASE_UTF8_H_
#define CREDENTIAL_BROKER_BASE_UTF8_H_

#include <cstddef>
#include <string_view>

namespace credential_broker {

// The offset of the first byte that is not part of well-formed UTF-8 (RFC 3629: no surrogates, no
// overlong forms); npos where all is well.
std::size_t FirstInvalidUtf8(std::string_view text);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_UTF8_H_
