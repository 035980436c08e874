#ifndef CREDENTIAL_BROKER_TESTS_SUPPORT_MEMORY_PROBE_H_
#define CREDENTIAL_BROKER_TESTS_SUPPORT_MEMORY_PROBE_H_

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace credential_broker {

// Reads memory of this process through the kernel, also memory that has been freed: what an
// attacker finds who can read the process. No sanitizer sees the access.
class MemoryProbe {
 public:
  // To be made before the memory is freed, since it takes memory itself.
  MemoryProbe(const void* address, std::size_t size)
      : fd_(open("/proc/self/mem", O_RDONLY | O_CLOEXEC)),
        address_(static_cast<off_t>(reinterpret_cast<std::uintptr_t>(address))),
        buffer_(size, '\0') {}
  ~MemoryProbe() { close(fd_); }
  MemoryProbe(const MemoryProbe&) = delete;
  MemoryProbe& operator=(const MemoryProbe&) = delete;

  // Returns the bytes that are there now; empty where no memory is mapped any more.
  const std::string& Read() {
    const ssize_t got = pread(fd_, buffer_.data(), buffer_.size(), address_);
    buffer_.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return buffer_;
  }

 private:
  const int fd_;
  const off_t address_;
  std::string buffer_;
};

}  // namespace credential_broker

#endif  // CREDENTIAL_BROKER_TESTS_SUPPORT_MEMORY_PROBE_H_
