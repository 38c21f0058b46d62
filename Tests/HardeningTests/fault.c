/* Preloaded into the command by FaultTests: makes system calls fail as PAGELEDGER_FAULT says, KIND@N from the Nth call on. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_long calls;

static int is(const char *kind, long *number) {
  const char *fault = getenv("PAGELEDGER_FAULT");
  size_t length = strlen(kind);
  if (!fault || strncmp(fault, kind, length) || fault[length] != '@') return 0;
  *number = atol(fault + length + 1);
  return 1;
}

static int due(const char *kind) {
  long number;
  return is(kind, &number) && ++calls >= number;
}

static size_t fewer(size_t a, size_t b) { return a < b ? a : b; }

/* The threads of a test runner block signals, and programs that they start inherit that. */
static void terminate(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  raise(SIGTERM);
}

/* Files and pipes only: not the descriptors of the runtime. */
static int concerns(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISFIFO(status.st_mode));
}

ssize_t read(int fd, void *buffer, size_t count) {
  static ssize_t (*real)(int, void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "read");
  if (concerns(fd)) {
    if (due("read-eio")) return errno = EIO, -1;
    long number;
    if (is("read-eintr", &number) && ++calls % 2) return errno = EINTR, -1;
    if (is("read-short", &number)) count = fewer(count, 7 + ++calls % 1000);
    if (is("read-term", &number) && ++calls == number) terminate();
  }
  return real(fd, buffer, count);
}

ssize_t pread(int fd, void *buffer, size_t count, off_t place) {
  static ssize_t (*real)(int, void *, size_t, off_t);
  if (!real) real = dlsym(RTLD_NEXT, "pread");
  if (due("read-eio")) return errno = EIO, -1;
  long number;
  if (is("read-eintr", &number) && ++calls % 2) return errno = EINTR, -1;
  if (is("read-short", &number)) count = fewer(count, 7 + ++calls % 1000);
  if (is("read-term", &number) && ++calls == number) terminate();
  return real(fd, buffer, count, place);
}

ssize_t write(int fd, const void *buffer, size_t count) {
  static ssize_t (*real)(int, const void *, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "write");
  long number;
  if (fd > 2 || is("stdout-enospc", &number)) {
    if (due("write-enospc") || (fd == 1 && due("stdout-enospc"))) return errno = ENOSPC, -1;
    if (due("write-eio")) return errno = EIO, -1;
  }
  if (is("write-eintr", &number) && ++calls % 2) return errno = EINTR, -1;
  if (is("write-short", &number)) count = fewer(count, 1 + ++calls % 100);
  return real(fd, buffer, count);
}

int rename(const char *from, const char *to) {
  static int (*real)(const char *, const char *);
  if (!real) real = dlsym(RTLD_NEXT, "rename");
  if (due("rename-eio")) return errno = EIO, -1;
  return real(from, to);
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = dlsym(RTLD_NEXT, "fsync");
  if (due("fsync-eio")) return errno = EIO, -1;
  return real(fd);
}
