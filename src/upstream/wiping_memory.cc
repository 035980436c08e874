#include "upstream/wiping_memory.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/secret.h"

namespace credential_broker::upstream {

void WipingFree(void* memory) {
  if (memory != nullptr) {
    Wipe(memory, malloc_usable_size(memory));
    std::free(memory);
  }
}

void* WipingRealloc(void* memory, std::size_t size) {
  const std::size_t old_size = memory == nullptr ? 0 : malloc_usable_size(memory);
  if (memory != nullptr && size > 0 && size <= old_size) {
    return memory;
  }
  void* larger = std::malloc(std::max<std::size_t>(size, 1));
  if (larger != nullptr && memory != nullptr) {
    std::memcpy(larger, memory, std::min(old_size, size));
    WipingFree(memory);
  }
  return larger;
}

}  // namespace credential_broker::upstream
