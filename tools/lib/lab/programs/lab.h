// What the programs of the lab share.
#ifndef LAB_H
#define LAB_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
#define KIB 1024ul
#define MIB (1024 * KIB)

// Ends the program; its exit code tells the judge that the scenario did not happen.
static inline _Noreturn void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

// Ends the program when this kernel lacks what the scenario needs; the judge leaves the scenario out.
static inline _Noreturn void lacking(const char *what) {
    fprintf(stderr, "lacking: %s\n", what);
    exit(77);
}

static inline char *map(int fd, size_t bytes, int prot, int flags, off_t offset) {
    char *at = mmap(NULL, bytes, prot, flags, fd, offset);
    if (at == MAP_FAILED) fail("mmap");
    return at;
}

static inline char *anonymous(size_t bytes) {
    return map(-1, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
}

static inline void touch(char *at, size_t bytes) {
    for (size_t i = 0; i < bytes; i += PAGE) ((volatile char *)at)[i] += 1;
}

static inline double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

// get_user_pages of one page, seen from outside: true when the kernel took a reference.
static inline int splices(char *at) {
    int ends[2];
    struct iovec piece = {at, PAGE};
    if (pipe(ends)) fail("pipe");
    ssize_t moved = vmsplice(ends[1], &piece, 1, 0);
    close(ends[0]);
    close(ends[1]);
    return moved == (ssize_t)PAGE;
}

// A buffer object of the graphics card in TTM, mapped.
struct buffer {
    int card;
    uint32_t handle;
    size_t bytes;
    char *at;
};

struct buffer make_buffer(size_t bytes);
void drop_buffer(struct buffer *buffer);

#endif
