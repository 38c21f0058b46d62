// Ends a command before its time, as people and machines do.
//   ending int|kill FILE COMMAND...
// int: the terminal's Ctrl-C, which reaches the command and its children; kill: SIGKILL, which reaches the command alone.
// It comes a second after FILE is there.
#include "lab.h"
#include <signal.h>
#include <sys/wait.h>

int main(int argc, char **argv) {
    if (argc < 4) return 64;
    int whole = !strcmp(argv[1], "int"), status = 0;
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (!child) {
        setpgid(0, 0);
        signal(SIGINT, SIG_DFL);
        execvp(argv[3], argv + 3);
        fail(argv[3]);
    }
    setpgid(child, child);
    for (int i = 0; i < 1200 && access(argv[2], F_OK); i++) usleep(100000);
    sleep(1);
    unlink(argv[2]);
    if (kill(whole ? -child : child, whole ? SIGINT : SIGKILL)) fail("kill");
    if (waitpid(child, &status, 0) < 0) fail("wait");
    printf("ending: %s %d\n", WIFSIGNALED(status) ? "signal" : "code",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return 0;
}
