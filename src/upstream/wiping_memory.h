#ifndef CREDENTIAL_BROKER_UPSTREAM_WIPING_MEMORY_H_
#define CREDENTIAL_BROKER_UPSTREAM_WIPING_MEMORY_H_

#include <cstddef>
#include <new>

#include "base/secret.h"

namespace credential_broker::upstream {

// free() and realloc() for memory of malloc() that overwrite what they give back. libcurl is run on
// them: it copies headers, requests and answers into buffers of its own.
void WipingFree(void* memory);
void* WipingRealloc(void* memory, std::size_t size);

// An allocator for containers, which copy their elements whenever they grow.
template <typename T>
struct WipingAllocator {
  using value_type = T;  // NOLINT(readability-identifier-naming): the standard names it

  WipingAllocator() = default;
  template <typename U>
  explicit(false) WipingAllocator(const WipingAllocator<U>&) {}

  // NOLINTBEGIN(readability-identifier-naming): the standard names them
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) {
    Wipe(memory, count * sizeof(T));
    ::operator delete(memory);
  }
  // NOLINTEND(readability-identifier-naming)

  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};

}  // namespace credential_broker::upstream

#endif  // CREDENTIAL_BROKER_UPSTREAM_WIPING_MEMORY_H_
