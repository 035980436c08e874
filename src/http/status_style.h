#ifndef CREDENTIAL_BROKER_HTTP_STATUS_STYLE_H_
#define CREDENTIAL_BROKER_HTTP_STATUS_STYLE_H_

#include <string_view>

namespace credential_broker::http {

// The style sheet of /statusz, light and dark. Every colour of text has a contrast of at least 4.5
// with what is behind it (WCAG 2.1, AA), which a test measures in a browser.
extern const std::string_view kStatusStyle;

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_STATUS_STYLE_H_
