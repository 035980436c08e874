#include "config/file_watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "config/fingerprint.h"
#include "config/watched_paths.h"

namespace credential_broker::config {
namespace {

constexpr int kMostSettleRounds = 20;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) {
      close(fd_);
    }
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// The kernel's watches on a set of directories. Without inotify it watches nothing and says so to
// nobody: the periodic look at the files then is all there is.
class DirectoryWatches {
 public:
  int fd() const { return inotify_.get(); }

  // Watches exactly the directories of `entries`. One that cannot be watched is left out.
  void Set(const DirectoryEntries& entries) {
    constexpr std::uint32_t kMask = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM |
                                    IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                    IN_ONLYDIR;
    std::set<int> watches;
    for (const auto& [directory, names] : entries) {
      const int watch = inotify_add_watch(inotify_.get(), directory.c_str(), kMask);
      if (watch >= 0) {
        watches.insert(watch);
      }
    }
    for (const int watch : watches_) {
      if (!watches.contains(watch)) {
        inotify_rm_watch(inotify_.get(), watch);
      }
    }
    watches_ = std::move(watches);
  }

 private:
  const Descriptor inotify_{inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  std::set<int> watches_;
};

class InotifyWatcher : public FileWatcher {
 public:
  InotifyWatcher(const std::vector<std::string>& files, Callback on_change,
                 FileWatcherOptions options, Descriptor stop)
      : on_change_(std::move(on_change)), options_(options), stop_(std::move(stop)) {
    InotifyWatcher::SetFiles(files);
  }
  InotifyWatcher(const InotifyWatcher&) = delete;
  InotifyWatcher& operator=(const InotifyWatcher&) = delete;
  ~InotifyWatcher() override { InotifyWatcher::Stop(); }

  void StartThread() {
    thread_ = std::thread([this] { Run(); });
  }

  void SetFiles(const std::vector<std::string>& files) override {
    MutexLock lock(mutex_);
    std::map<std::string, Fingerprint> before;
    before.swap(prints_);
    std::vector<std::string> fresh;
    for (const std::string& file : files) {
      const auto known = before.find(file);
      prints_[file] = known == before.end() ? Fingerprint() : known->second;
      if (known == before.end()) {
        fresh.push_back(file);
      }
    }
    WatchAll();
    for (const std::string& file : fresh) {
      prints_[file] = FingerprintOf(file);
    }
  }

  void Stop() override {
    if (!thread_.joinable()) {
      return;
    }
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(stop_.get(), &one, sizeof(one));
    thread_.join();
  }

 private:
  enum class Woken { kByEvent, kByTime, kToStop };

  Woken Wait(absl::Duration longest) const {
    std::array<pollfd, 2> wanted = {{{stop_.get(), POLLIN, 0}, {inotify_, POLLIN, 0}}};
    const auto milliseconds = static_cast<int>(absl::ToInt64Milliseconds(longest));
    int ready = 0;
    do {
      ready = poll(wanted.data(), wanted.size(), milliseconds);
    } while (ready < 0 && errno == EINTR);
    if (wanted[0].revents != 0) {
      return Woken::kToStop;
    }
    return ready > 0 ? Woken::kByEvent : Woken::kByTime;
  }

  void Run() {
    for (;;) {
      const Woken woken = Wait(options_.recheck);
      if (woken == Woken::kToStop || (woken == Woken::kByEvent && !Settle())) {
        return;
      }
      TellChanges();
    }
  }

  // Waits until nothing happens any more in the watched directories: what lies beside a file may be
  // the next state of it, of which only a part is there. False: told to stop.
  bool Settle() {
    for (int round = 0; round < kMostSettleRounds; ++round) {
      DropEvents();
      const Woken woken = Wait(options_.settle);
      if (woken != Woken::kByEvent) {
        return woken == Woken::kByTime;
      }
    }
    return true;
  }

  // Takes every event that waits. Which it is does not matter: the files themselves are looked at.
  void DropEvents() const {
    std::array<char, 16 * 1024> buffer;
    ssize_t got = 0;
    do {
      got = read(inotify_, buffer.data(), buffer.size());
    } while (got > 0 || (got < 0 && errno == EINTR));
  }

  // Watches first, looks at the content after: what changes in between leaves an event. The way to
  // a file may change while it is walked, so it is walked until it stays the same.
  void WatchAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    constexpr int kMostTries = 5;
    DirectoryEntries watched;
    for (int i = 0; i < kMostTries; ++i) {
      DirectoryEntries entries;
      for (const auto& [file, print] : prints_) {
        AddEntriesOf(file, entries);
      }
      if (entries == watched) {
        return;
      }
      watches_.Set(entries);
      watched = std::move(entries);
    }
  }

  void TellChanges() {
    const std::vector<std::string> changed = TakeChanges();
    if (!changed.empty()) {
      on_change_(changed);
    }
  }

  std::vector<std::string> TakeChanges() {
    MutexLock lock(mutex_);
    WatchAll();
    std::vector<std::string> changed;
    for (auto& [file, known] : prints_) {
      const Fingerprint print = FingerprintOf(file);
      if (print != known) {
        known = print;
        changed.push_back(file);
      }
    }
    return changed;
  }

  const Callback on_change_;
  const FileWatcherOptions options_;
  const Descriptor stop_;
  Mutex mutex_;
  DirectoryWatches watches_ ABSL_GUARDED_BY(mutex_);
  const int inotify_ = watches_.fd();
  std::map<std::string, Fingerprint> prints_ ABSL_GUARDED_BY(mutex_);  // of each file
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<FileWatcher>> FileWatcher::Start(
    const std::vector<std::string>& files, Callback on_change, FileWatcherOptions options) {
  Descriptor stop(eventfd(0, EFD_CLOEXEC));
  if (stop.get() < 0) {
    return absl::ErrnoToStatus(errno, "files cannot be watched: no event descriptor");
  }
  auto watcher =
      std::make_unique<InotifyWatcher>(files, std::move(on_change), options, std::move(stop));
  try {
    watcher->StartThread();
  } catch (const std::system_error& e) {
    return absl::ErrnoToStatus(e.code().value(),
                               "cannot start a thread that watches files (raise the limit of "
                               "processes or of memory)");
  }
  return watcher;
}

}  // namespace credential_broker::config
