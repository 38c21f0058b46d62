// Workloads whose time is taken with and without a recorder.
//   cost forks|buffers ROUNDS    prints "cost WORKLOAD SECONDS"
#include "lab.h"
#include <sys/wait.h>

static void forks(void) {
    static char *memory;
    if (!memory) memory = anonymous(64 * PAGE);
    touch(memory, 64 * PAGE);
    pid_t child = fork();
    if (!child) {
        touch(memory, 16 * PAGE);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void buffers(void) {
    struct buffer made = make_buffer(MIB);
    touch(made.at, made.bytes);
    drop_buffer(&made);
}

int main(int argc, char **argv) {
    if (argc != 3) return 64;
    void (*work)(void) = strcmp(argv[1], "forks") ? buffers : forks;
    work();
    double start = seconds();
    for (int i = atoi(argv[2]); i > 0; i--) work();
    printf("cost %s %.4f\n", argv[1], seconds() - start);
    return 0;
}
