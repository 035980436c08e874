#ifndef CREDENTIAL_BROKER_BASE_SECRET_H_
#define CREDENTIAL_BROKER_BASE_SECRET_H_

#include <cstddef>
#include <string_view>

namespace credential_broker {

// A byte string that must not be seen: access key, refresh token, access token.
//
// It lives in libsodium's guarded memory (locked where the kernel allows it, left out of core
// files, wiped when it ends), can be moved but not copied, and has no operator<<, so that logging
// one does not compile. Copies made by TLS and JSON libraries are outside its reach: the protection
// is best effort.
//
// Thread-safe to read; not to move.
class Secret {
 public:
  // An empty secret; no memory is taken.
  Secret() = default;

  // Copies `plain` into guarded memory. The caller wipes its own copy (Wipe below). Ends the
  // process if no memory can be had.
  explicit Secret(std::string_view plain);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // The bytes, valid while this object lives. Named so that every use is found by a search.
  std::string_view Reveal() const { return {data_, size_}; }

  bool empty() const { return size_ == 0; }

  // A second secret of the same bytes: a copy is never made by accident.
  Secret Clone() const { return Secret(Reveal()); }

  // Compares in a time that depends on the lengths only.
  bool Equals(const Secret& other) const;

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Overwrites `size` bytes at `data` in a way that the optimiser keeps.
void Wipe(void* data, std::size_t size);

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_BASE_SECRET_H_
