// Mappings whose flags are known to the process, to be compared with what probes read of their vmas.
//   maps flags   prints "vma START END FLAGS..." of each, with the words of /proc/self/smaps
//   maps cow     writes to a private mapping of a device's memory: copy on write of a PFN mapping
#include "lab.h"
#include <glob.h>

static void print_vma(const char *at, const char *what) {
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[1024];
    unsigned long start = 0, end = 0, from, to;
    if (!file) lacking("/proc/self/smaps");
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%lx-%lx %*4s", &from, &to) == 2 && strchr(line, '-') < strchr(line, ' ')) start = from, end = to;
        if ((uintptr_t)at < start || (uintptr_t)at >= end || strncmp(line, "VmFlags:", 8)) continue;
        printf("vma %d %lx %lx %s%s", getpid(), start, end, what, line + 8);
    }
    fclose(file);
}

// What is mapped stays until the end, so that an address belongs to one mapping.
static void show(char *at, size_t bytes, const char *what) {
    touch(at, bytes);
    print_vma(at, what);
}

static void flags(void) {
    size_t bytes = 4 * PAGE;
    char *at[4];
    for (int i = 0; i < 3; i++) at[i] = anonymous((bytes + i * PAGE) * 2);
    at[3] = map(-1, bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED | MAP_ANONYMOUS, 0);
    mlock(at[1], bytes);
    madvise(at[1], bytes, MADV_DONTDUMP);
    madvise(at[2], bytes, MADV_DONTFORK);
    madvise(at[2], bytes, MADV_NOHUGEPAGE);
    show(at[0], bytes, "private");
    show(at[1], bytes, "locked");
    show(at[2], bytes, "not-inherited");
    show(at[3], bytes, "shared");
    int device = open("/dev/pagelab", O_RDWR);
    if (device >= 0) show(map(device, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0), bytes, "module");
    if (!access("/dev/dri/card0", F_OK)) {
        struct buffer made = make_buffer(16 * PAGE);
        show(made.at, made.bytes, "buffer");
        drop_buffer(&made);
    }
    for (int i = 0; i < 4; i++) munmap(at[i], bytes);
}

// Any memory of a device that nobody drives will do; what is written goes to the copy.
static void cow(void) {
    glob_t found;
    if (glob("/sys/bus/pci/devices/*/resource[0-5]", 0, NULL, &found)) lacking("memory of PCI devices");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int fd = open(found.gl_pathv[i], O_RDWR);
        char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        if (fd >= 0 && at != MAP_FAILED) {
            *(volatile char *)at = 1;
            print_vma(at, "device");
            return;
        }
        if (fd >= 0) close(fd);
    }
    lacking("memory of a PCI device that may be mapped");
}

int main(int argc, char **argv) {
    if (argc == 2 && !strcmp(argv[1], "flags"))
        flags();
    else if (argc == 2 && !strcmp(argv[1], "cow"))
        cow();
    else
        return 64;
    return 0;
}
