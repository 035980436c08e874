// Preloaded into a process, puts its CLOCK_BOOTTIME and its wall clock ahead by as many seconds as stand in the file
// $SHIFTED_CLOCKS: two numbers of eight bytes each, boot first. CLOCK_MONOTONIC stays. Timers of CLOCK_BOOTTIME fire early
// by the shift, as they do at a resume; they are set again when the process next reads that clock. Waits until a time on the
// wall clock are not shifted: the broker has none.
//
// Nothing here allocates: AddressSanitizer reads clocks within free().

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { kTimers = 1024 };

struct Shifts {
  long boot;
  long wall;
};

static const volatile struct Shifts* shifts;
static atomic_long applied;
static struct {
  atomic_int is_boot;
  atomic_int is_set;
  struct itimerspec at;  // absolute, by the shifted clock
} timers[kTimers];

__attribute__((constructor)) static void Map(void) {
  const int fd = open(getenv("SHIFTED_CLOCKS"), O_RDONLY | O_CLOEXEC);
  void* const page = mmap(NULL, sizeof *shifts, PROT_READ, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) {
    abort();
  }
  close(fd);
  shifts = page;
}

static long Arm(int fd, int flags, const struct itimerspec* at, struct itimerspec* before) {
  struct itimerspec real = *at;
  real.it_value.tv_sec -= shifts->boot;
  if (real.it_value.tv_sec < 0) {
    real.it_value = (struct timespec){0, 1};
  }
  return syscall(SYS_timerfd_settime, fd, flags, &real, before);
}

int timerfd_create(int clock, int flags) {
  const int fd = (int)syscall(SYS_timerfd_create, clock, flags);
  if (fd >= 0 && fd < kTimers) {
    timers[fd].is_set = 0;
    timers[fd].is_boot = clock == CLOCK_BOOTTIME;
  }
  return fd;
}

int timerfd_settime(int fd, int flags, const struct itimerspec* at, struct itimerspec* before) {
  const int absolute = (flags & TFD_TIMER_ABSTIME) != 0 && (at->it_value.tv_sec != 0 || at->it_value.tv_nsec != 0);
  if (fd < 0 || fd >= kTimers || !timers[fd].is_boot || !absolute) {
    return (int)syscall(SYS_timerfd_settime, fd, flags, at, before);
  }
  timers[fd].at = *at;
  timers[fd].is_set = 1;
  return (int)Arm(fd, flags, at, before);
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (shifts == NULL || result != 0) {  // a library that is initialized before this one reads the true clocks
    return result;
  }
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    now->tv_sec += shifts->wall;
  } else if (clock == CLOCK_BOOTTIME) {
    const long seconds = shifts->boot;
    if (atomic_exchange(&applied, seconds) != seconds) {
      for (int fd = 0; fd < kTimers; ++fd) {
        if (timers[fd].is_boot && timers[fd].is_set) {
          Arm(fd, TFD_TIMER_ABSTIME, &timers[fd].at, NULL);
        }
      }
    }
    now->tv_sec += seconds;
  }
  return result;
}

time_t time(time_t* copy) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (copy != NULL) {
    *copy = now.tv_sec;
  }
  return now.tv_sec;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  (void)zone;
  struct timespec precise;
  const int result = clock_gettime(CLOCK_REALTIME, &precise);
  *now = (struct timeval){precise.tv_sec, precise.tv_nsec / 1000};
  return result;
}
