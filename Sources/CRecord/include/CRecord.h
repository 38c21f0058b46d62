// What a recorder needs where Swift cannot call the system: fork(2), and splice(2) with its flags.
#ifndef CRECORD_H
#define CRECORD_H

#include <stddef.h>

// Starts a program, looked up in PATH, that waits until something can be read from the pipe `gate`; it ends unstarted when
// that closes first.
// `ending` is the signal it gets when this process dies, 0 for none. When the program cannot be executed, its errno comes through
// `failure`. `is_private` lets what it makes belong to this user alone. Returns its number, or -1.
int crecord_start(char *const words[], const int gate[2], int failure, int ending, int is_private);

// Moves whole sub-buffers of `size` bytes from a trace_pipe_raw through a pipe to the end of a file, without waiting for more.
// `pipe_in` is the end that is written to. Returns the bytes moved, 0 when there is no whole one, -1 on failure of the file.
long crecord_move(int raw, int pipe_in, int pipe_out, int file, size_t size);

#endif
