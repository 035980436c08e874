#include "h2/output_budget.h"

#include <iterator>
#include <vector>

namespace credential_broker::h2 {

OutputBudget::Share::~Share() {
  Set(0);
  if (chosen()) {
    loop_->chosen_.fetch_sub(1, std::memory_order_relaxed);
  }
}

void OutputBudget::Update(Share& share, std::size_t bytes) {
  std::vector<std::shared_ptr<Loop>> wake;
  {
    MutexLock lock(mutex_);
    if (!Count(share, bytes)) {
      return;
    }
    while (total_ > limit_ && !queues_.empty()) {
      wake.push_back(ChooseLargest());
    }
  }
  for (const std::shared_ptr<Loop>& loop : wake) {
    // Any task ends in a batch, and the end of a batch looks at has_chosen.
    loop->loop_->Post([] {});
  }
}

bool OutputBudget::Count(Share& share, std::size_t bytes) {
  const std::size_t before = std::exchange(share.bytes_, bytes);
  if (share.chosen()) {
    return false;
  }
  total_ = total_ - before + bytes;
  if (share.entry_ == nullptr) {
    share.entry_ = std::make_shared<Entry>(share.loop_);
    share.place_ = queues_.emplace(bytes, share.entry_);
  } else if (bytes == 0) {
    queues_.erase(share.place_);
    share.entry_ = nullptr;
  } else {
    Queues::node_type node = queues_.extract(share.place_);
    node.key() = bytes;
    share.place_ = queues_.insert(std::move(node));
  }
  return true;
}

std::shared_ptr<OutputBudget::Loop> OutputBudget::ChooseLargest() {
  const auto largest = std::prev(queues_.end());
  const std::shared_ptr<Entry> entry = largest->second;
  total_ -= largest->first;
  queues_.erase(largest);
  entry->chosen = true;
  entry->loop->chosen_.fetch_add(1, std::memory_order_release);
  return entry->loop;
}

}  // namespace credential_broker::h2
