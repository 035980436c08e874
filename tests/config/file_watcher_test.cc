#include "config/file_watcher.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "support/test_folder.h"

namespace credential_broker::config {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

// Short, and with a periodic look that no test lives to see: what is told was told by the kernel.
FileWatcherOptions OnlyEvents() {
  return {.settle = absl::Milliseconds(5), .recheck = absl::Hours(1)};
}

class FileWatcherTest : public testing::Test {
 protected:
  ~FileWatcherTest() override {
    if (watcher_ != nullptr) {
      watcher_->Stop();
    }
  }

  std::string Path(std::string_view name) const { return folder_.Path(name); }

  void Write(std::string_view name, std::string_view content) const {
    folder_.Write(name, content);
  }

  void Replace(std::string_view name, std::string_view content) const {
    Write("new", content);
    fs::rename(Path("new"), Path(name));
  }

  void Watch(const std::vector<std::string>& files, FileWatcherOptions options = OnlyEvents()) {
    auto watcher = FileWatcher::Start(
        files,
        [this](const std::vector<std::string>& changed) {
          const MutexLock lock(mutex_);
          told_.push_back(changed);
          told_some_.notify_all();
        },
        options);
    ASSERT_TRUE(watcher.ok()) << watcher.status();
    watcher_ = *std::move(watcher);
  }

  // The next change that is told; waits for it.
  std::vector<std::string> Next() {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const MutexLock lock(mutex_);
    while (told_.empty()) {
      if (told_some_.wait_until(mutex_, patience) == std::cv_status::timeout) {
        return {"nothing was told in 20 s"};
      }
    }
    std::vector<std::string> next = told_.front();
    told_.pop_front();
    return next;
  }

  bool NothingLeft() {
    const MutexLock lock(mutex_);
    return told_.empty();
  }

  // Waits until the watcher has read all events that the kernel has for it, or reports a change.
  void AwaitEventsTaken() {
    int inotify = -1;
    for (const fs::directory_entry& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code closed;
      if (fs::read_symlink(entry.path(), closed) == "anon_inode:inotify") {
        inotify = std::stoi(entry.path().filename());
      }
    }
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    int waiting = 0;
    do {
      std::this_thread::yield();
      ASSERT_EQ(ioctl(inotify, FIONREAD, &waiting), 0);
      ASSERT_LT(std::chrono::steady_clock::now(), patience);
    } while (waiting > 0 && NothingLeft());
  }

  const TestFolder folder_;
  std::unique_ptr<FileWatcher> watcher_;
  Mutex mutex_;
  std::condition_variable_any told_some_;
  std::deque<std::vector<std::string>> told_ ABSL_GUARDED_BY(mutex_);
};

TEST_F(FileWatcherTest, TellsARewriteInPlace) {
  Write("key", "old");
  Watch({Path("key")});
  Write("key", "new");
  EXPECT_THAT(Next(), ElementsAre(Path("key")));
}

TEST_F(FileWatcherTest, TellsAnAtomicReplaceAgainAndAgain) {
  Write("key", "old");
  Watch({Path("key")});
  for (const char* content : {"1", "2", "3"}) {
    Replace("key", content);
    EXPECT_THAT(Next(), ElementsAre(Path("key")));
  }
}

TEST_F(FileWatcherTest, TellsKubernetesFlipOfData) {
  fs::create_directory(Path("..v1"));
  Write("..v1/id", "a");
  Write("..v1/key", "a");
  fs::create_symlink("..v1", Path("..data"));
  fs::create_symlink("..data/id", Path("id"));
  fs::create_symlink("..data/key", Path("key"));
  Watch({Path("id"), Path("key")});
  for (const char* version : {"..v2", "..v3"}) {
    fs::create_directory(Path(version));
    Write(std::string(version) + "/id", version);
    Write(std::string(version) + "/key", version);
    fs::create_symlink(version, Path("..data_tmp"));
    fs::rename(Path("..data_tmp"), Path("..data"));
    EXPECT_THAT(Next(), ElementsAre(Path("id"), Path("key")));
  }
}

TEST_F(FileWatcherTest, TellsADirectoryThatIsSwapped) {
  fs::create_directories(Path("a/deep"));
  fs::create_directories(Path("b/deep"));
  Write("a/deep/key", "a");
  Write("b/deep/key", "b");
  Watch({Path("a/deep/key")});
  fs::rename(Path("a"), Path("old"));
  fs::rename(Path("b"), Path("a"));
  EXPECT_THAT(Next(), ElementsAre(Path("a/deep/key")));
  Write("a/deep/key", "c");
  EXPECT_THAT(Next(), ElementsAre(Path("a/deep/key")));
}

TEST_F(FileWatcherTest, TellsAFileAndFoldersThatDidNotExist) {
  Watch({Path("x/y/key")});
  fs::create_directories(Path("x/y"));
  Write("x/y/key", "new");
  EXPECT_THAT(Next(), ElementsAre(Path("x/y/key")));
  fs::remove_all(Path("x"));
  EXPECT_THAT(Next(), ElementsAre(Path("x/y/key")));
  fs::create_directories(Path("x/y"));
  Write("x/y/key", "new");
  EXPECT_THAT(Next(), ElementsAre(Path("x/y/key")));
}

TEST_F(FileWatcherTest, TellsNothingOfTheSameContentOrOtherFiles) {
  Write("key", "same");
  Write("other", "a");
  Write("last", "a");
  Watch({Path("key"), Path("last")});
  Write("key", "same");
  Replace("key", "same");
  fs::last_write_time(Path("key"), fs::file_time_type::clock::now());
  Write("other", "b");
  Replace("last", "b");
  EXPECT_THAT(Next(), ElementsAre(Path("last")));
  EXPECT_TRUE(NothingLeft());
}

TEST_F(FileWatcherTest, TellsAChangeOfOneByteAnywhereInALargeFile) {
  std::string content(100'000, 'x');
  Write("bundle", content);
  Watch({Path("bundle")});
  // In the first block that is read, at a border of blocks and in the last.
  for (const std::size_t place : {0U, 4096U, 8191U, 99'999U}) {
    content[place] = 'y';
    Replace("bundle", content);
    EXPECT_THAT(Next(), ElementsAre(Path("bundle"))) << "byte " << place;
  }
}

TEST_F(FileWatcherTest, TellsTheHalvesOfAKeyAsOneChange) {
  Write("id", "a");
  Write("key", "a");
  // It never gets quiet by itself: the watcher looks at the files once so many changes have come
  // that it waits for quiet no longer, and by then both halves have been written.
  Watch({Path("id"), Path("key")}, {.settle = absl::Hours(1), .recheck = absl::Hours(1)});
  Write("id", "b");
  // Had the first event sufficed, the change would be reported before the second is taken.
  AwaitEventsTaken();
  Write("neighbor", "");
  AwaitEventsTaken();
  EXPECT_TRUE(NothingLeft());
  Write("key", "b");
  while (NothingLeft()) {
    Write("neighbor", "");
  }
  EXPECT_THAT(Next(), ElementsAre(Path("id"), Path("key")));
}

TEST_F(FileWatcherTest, TellsOfABusyFileWithoutWaitingForItsEnd) {
  Write("key", "0");
  Watch({Path("key")});
  std::vector<std::string> told;
  for (int i = 1; told.empty() && i < 1'000'000; ++i) {
    Write("key", std::to_string(i));
    if (!NothingLeft()) {
      told = Next();
    }
  }
  EXPECT_THAT(told, ElementsAre(Path("key")));
}

TEST_F(FileWatcherTest, LooksByItselfWhereTheKernelTellsNothing) {
  Write("key", "old");
  const int fd = open(Path("key").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  void* mapped = mmap(nullptr, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  Watch({Path("key")}, {.settle = absl::Milliseconds(5), .recheck = absl::Milliseconds(10)});
  *static_cast<char*>(mapped) = 'n';  // a write to mapped memory is no event
  EXPECT_THAT(Next(), ElementsAre(Path("key")));
  munmap(mapped, 3);
  close(fd);
}

TEST_F(FileWatcherTest, StopsWhileFilesChangeAndTwice) {
  Write("key", "old");
  Watch({Path("key")}, {.settle = absl::Hours(1), .recheck = absl::Hours(1)});
  Write("key", "new");
  watcher_->Stop();
  watcher_->Stop();
  EXPECT_TRUE(NothingLeft());
}

TEST_F(FileWatcherTest, IsNotHeldUpByAPipe) {
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  Write("key", "old");
  Watch({Path("pipe"), Path("key")});
  Write("key", "new");
  EXPECT_THAT(Next(), ElementsAre(Path("key")));
}

TEST_F(FileWatcherTest, WatchesOtherFilesFromNowOn) {
  Write("old", "1");
  Write("both", "1");
  Watch({Path("old"), Path("both")});
  watcher_->SetFiles({Path("both"), Path("later")});
  Write("old", "2");
  // In one step: a file that is created and then written may be seen while it is empty.
  Replace("later", "1");
  EXPECT_THAT(Next(), ElementsAre(Path("later")));
  Replace("both", "2");
  EXPECT_THAT(Next(), ElementsAre(Path("both")));
  EXPECT_TRUE(NothingLeft());
}

TEST_F(FileWatcherTest, NoChangeOfAFileIsLostWhileOthersAreSet) {
  Write("key", "0");
  fs::create_directory(Path("folder"));
  Watch({Path("key")});
  for (int i = 1; i <= 50; ++i) {
    Replace("key", std::to_string(i));
    watcher_->SetFiles({Path("key"), Path("folder/" + std::to_string(i))});
  }
  // However many of the changes were told as one, what is told last is what the file says last.
  EXPECT_THAT(Next(), ElementsAre(Path("key")));
}

}  // namespace
}  // namespace credential_broker::config
