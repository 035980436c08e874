#ifndef CREDENTIAL_BROKER_HTTP_CACHED_PAGE_H_
#define CREDENTIAL_BROKER_HTTP_CACHED_PAGE_H_

#include "absl/time/time.h"
#include "base/clock.h"
#include "http/pages.h"

namespace credential_broker::http {

// Returns a page that has `page` make its content at most once per `period`; requests within that
// time share it. Like every page it is called on one thread at a time. `clock` outlives it.
Page CachedPage(Page page, absl::Duration period, const Clock& clock);

}  // namespace credential_broker::http

#endif  // CREDENTIAL_BROKER_HTTP_CACHED_PAGE_H_
