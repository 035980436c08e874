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
    if (const Written written = WriteSome(rest); written != Written::kAll) {
      unwritten_.erase(0, unwritten_.size() - rest.size());
      return written;
    }
    Drop();  // the memory too
  }
  for (std::size_t turn = 0; turn < kWritesPerTurn; ++turn) {
    buffer_.clear();
    session.Produce(buffer_, kWriteSize);
    std::string_view rest = buffer_;
    if (const Written written = WriteSome(rest); written != Written::kAll) {
      unwritten_.assign(rest);
      return written;
    }
    if (buffer_.size() < kWriteSize) {
      return Written::kAll;
    }
  }
  return Written::kMore;
}

Output::Written Output::WriteSome(std::string_view& bytes) {
  while (!bytes.empty()) {
    const Transport::Result result = transport_.Write(bytes);
    switch (result.io) {
      case Transport::Io::kOk:
        bytes.remove_prefix(result.size);
        break;
      case Transport::Io::kWantWrite:
        return Written::kBlocked;
      case Transport::Io::kWantRead:
        return Written::kNeedsRead;
      case Transport::Io::kClosed:
        return Written::kBroken;
    }
  }
  return Written::kAll;
}

}  // namespace credential_broker::h2
