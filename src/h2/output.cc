#include "h2/output.h"

namespace credential_broker::h2 {
namespace {

// A TLS record's worth: one record and one system call for what a batch of events gave rise to.
constexpr std::size_t kWriteSize = 16 * 1024;
// Of one connection, before others have their turn.
constexpr std::size_t kWritesPerTurn = 16;

}  // namespace

Output::Written Output::Write(Http2Session& session) {
  if (!unwritten_.empty()) {
    std::string_view rest = unwritten_;
    if (!WriteSome(rest)) {
      return Written::kBroken;
    }
    if (!rest.empty()) {
      unwritten_.erase(0, unwritten_.size() - rest.size());
      return Written::kBlocked;
    }
    Drop();  // the memory too
  }
  for (std::size_t turn = 0; turn < kWritesPerTurn; ++turn) {
    buffer_.clear();
    session.Produce(buffer_, kWriteSize);
    std::string_view rest = buffer_;
    if (!rest.empty() && !WriteSome(rest)) {
      return Written::kBroken;
    }
    if (!rest.empty()) {
      unwritten_.assign(rest);
      return Written::kBlocked;
    }
    if (buffer_.size() < kWriteSize) {
      return Written::kAll;
    }
  }
  return Written::kMore;
}

bool Output::WriteSome(std::string_view& bytes) {
  while (!bytes.empty()) {
    Transport::Result result = transport_.Write(bytes);
    if (result.io != Transport::Io::kOk) {
      return result.io != Transport::Io::kClosed;
    }
    bytes.remove_prefix(result.size);
  }
  return true;
}

}  // namespace credential_broker::h2
