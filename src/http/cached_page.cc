#include "http/cached_page.h"

#include <memory>
#include <utility>

namespace credential_broker::http {
namespace {

struct Cache {
  Response response;
  BootTime stale_from = BootTime::InfinitePast();
};

}  // namespace

Page CachedPage(Page page, absl::Duration period, const Clock& clock) {
  // Shared, since a Page can be copied.
  return [page = std::move(page), period, &clock, cache = std::make_shared<Cache>()] {
    const BootTime now = clock.Now();
    if (cache->stale_from <= now) {
      cache->response = page();
      cache->stale_from = now + period;
    }
    return cache->response;
  };
}

}  // namespace credential_broker::http
