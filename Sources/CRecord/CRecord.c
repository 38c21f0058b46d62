#define _GNU_SOURCE
#include "CRecord.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static void become(char *const words[], const int gate[2], int failure, int ending, pid_t parent) {
  if (ending && (prctl(PR_SET_PDEATHSIG, ending) != 0 || getppid() != parent)) _exit(126);
  // Else it would wait for itself.
  close(gate[1]);
  char byte;
  ssize_t got;
  do
    got = read(gate[0], &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) _exit(126);
  const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXFSZ, SIGUSR1};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
  execvp(words[0], words);
  int code = errno;
  while (write(failure, &code, sizeof code) < 0 && errno == EINTR) {
  }
  _exit(code == ENOENT ? 127 : 126);
}

int crecord_start(char *const words[], const int gate[2], int failure, int ending, int is_private) {
  pid_t parent = getpid();
  pid_t child = fork();
  if (child == 0 && is_private) umask(077);
  if (child == 0) become(words, gate, failure, ending, parent);
  return child;
}

long crecord_move(int raw, int pipe_in, int pipe_out, int file, size_t size) {
  long moved = 0;
  for (;;) {
    ssize_t got = splice(raw, NULL, pipe_in, NULL, size, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return moved;
    ssize_t left = got;
    while (left > 0) {
      ssize_t put = splice(pipe_out, NULL, file, NULL, (size_t)left, SPLICE_F_MOVE);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return -1;
      left -= put;
    }
    moved += got;
    if (moved >= 1 << 24) return moved;
  }
}
