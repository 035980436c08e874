#include "base/secret.h"

#include <sodium.h>

#include <cstdlib>
#include <cstring>
#include <utility>

namespace credential_broker {
namespace {

char* AllocateGuarded(std::size_t size) {
  static const bool ready = sodium_init() >= 0;
  void* memory = ready ? sodium_malloc(size) : nullptr;
  if (memory == nullptr) {
    std::abort();
  }
  return static_cast<char*>(memory);
}

}  // namespace

Secret::Secret(std::string_view plain) : size_(plain.size()) {
  if (plain.empty()) {
    return;
  }
  data_ = AllocateGuarded(size_);
  std::memcpy(data_, plain.data(), size_);
  sodium_mprotect_readonly(data_);
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() { sodium_free(data_); }

bool Secret::Equals(const Secret& other) const {
  return size_ == other.size_ && (size_ == 0 || sodium_memcmp(data_, other.data_, size_) == 0);
}

void Wipe(void* data, std::size_t size) { sodium_memzero(data, size); }

}  // namespace credential_broker
