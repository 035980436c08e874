// Preloaded into a process, shifts its CLOCK_BOOTTIME by as many seconds as stand in the first eight bytes of the file
// $BOOT_CLOCK: a suspend of the machine, as the process sees it. CLOCK_MONOTONIC stays. Timers of CLOCK_BOOTTIME fire early
// by the shift, as they do at a resume; they are set again when the process next reads the clock.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { kTimers = 1024 };

static const volatile long* shift;
static atomic_long applied;
static struct {
  atomic_int is_boot;
  atomic_int is_set;
  struct itimerspec at;  // absolute, by the shifted clock
} timers[kTimers];

__attribute__((constructor)) static void Map(void) {
  const int fd = open(getenv("BOOT_CLOCK"), O_RDONLY | O_CLOEXEC);
  shift = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
}

static long Arm(int fd, int flags, const struct itimerspec* at, struct itimerspec* before) {
  struct itimerspec real = *at;
  real.it_value.tv_sec -= *shift;
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
  if (clock == CLOCK_BOOTTIME && result == 0) {
    const long seconds = *shift;
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
