#ifndef CREDENTIAL_BROKER_UPSTREAM_WIPING_MEMORY_H_
#define CREDENTIAL_BROKER_UPSTREAM_WIPING_MEMORY_H_

#include <cstddef>

namespace credential_broker::upstream {

// free() and realloc() for memory of malloc() that overwrite what they give back. libcurl is run on
// them: it copies headers, requests and answers into buffers of its own.
void WipingFree(void* memory);
void* WipingRealloc(void* memory, std::size_t size);

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_WIPING_MEMORY_H_
