// Work with memory that is right in every step: nothing of it may be a finding.
//   legal KIND [ROUNDS]
#include "lab.h"
#include <linux/udmabuf.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static const char self[] = "/proc/self/exe";

static void write_to(const char *file, const char *text) {
    int fd = open(file, O_WRONLY);
    if (fd < 0) return;
    if (write(fd, text, strlen(text)) < 0) perror(file);
    close(fd);
}

static void await(pid_t child) {
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0 || status) fail("child");
}

// Copy on write in both directions, growth, shrinking and moving of the parent's memory.
static void forks(void) {
    size_t bytes = 2 * MIB;
    char *at = anonymous(bytes);
    touch(at, bytes);
    pid_t child = fork();
    if (!child) {
        touch(at + bytes / 2, bytes / 2);
        _exit(0);
    }
    touch(at, bytes / 4);
    await(child);
    at = mremap(at, bytes, 2 * bytes, MREMAP_MAYMOVE);
    if (at == MAP_FAILED) fail("mremap");
    touch(at + bytes, bytes);
    madvise(at, bytes, MADV_DONTNEED);
    touch(at, bytes / 2);
    munmap(at, 2 * bytes);
}

// Programs that are started, touch a little and end.
static void execs(void) {
    for (int i = 0; i < 4; i++) {
        pid_t child = fork();
        if (!child) {
            execl(self, "legal", "nothing", NULL);
            _exit(1);
        }
        await(child);
    }
}

static void nothing(void) {}

// Huge pages that are split by unmapping, protecting and paging out a part of them.
static void huge(void) {
    size_t step = 2 * MIB, bytes = 3 * step;
    char *raw = anonymous(bytes + step);
    char *at = (char *)(((uintptr_t)raw + step - 1) & ~(step - 1));
    madvise(at, bytes, MADV_HUGEPAGE);
    touch(at, bytes);
    madvise(at + 5 * PAGE, 7 * PAGE, MADV_DONTNEED);
    mprotect(at + step + 3 * PAGE, 2 * PAGE, PROT_READ);
    madvise(at + 2 * step, step, 21 /* MADV_PAGEOUT */);
    pid_t child = fork();
    if (!child) {
        at[0] = 9;
        _exit(0);
    }
    await(child);
    munmap(raw, bytes + step);
}

// Equal pages that ksmd merges, and that are written to again.
static void same(void) {
    size_t bytes = MIB / 2;
    char *at = anonymous(bytes);
    write_to("/sys/kernel/mm/ksm/pages_to_scan", "2000");
    write_to("/sys/kernel/mm/ksm/run", "1");
    memset(at, 0x5a, bytes);
    madvise(at, bytes, MADV_MERGEABLE);
    usleep(300000);
    touch(at, bytes / 2);
    munmap(at, bytes);
    write_to("/sys/kernel/mm/ksm/run", "2");
}

// The page cache: written, mapped, spliced, truncated, dropped.
static void files(void) {
    size_t bytes = 2 * MIB;
    int fd = open("/tmp/legal-file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    int ends[2];
    if (fd < 0 || ftruncate(fd, bytes) || pipe(ends)) fail("file");
    char *at = map(fd, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    touch(at, bytes);
    loff_t from = 0;
    char sink[16 * KIB];
    for (int i = 0; i < 8; i++) {
        ssize_t got = splice(fd, &from, ends[1], NULL, sizeof sink, 0);
        if (got > 0 && read(ends[0], sink, got) < 0) fail("read");
    }
    struct iovec piece = {at + MIB, 8 * PAGE};
    ssize_t got = vmsplice(ends[1], &piece, 1, 0);
    if (got < 0 || read(ends[0], sink, sizeof sink) < 0) fail("vmsplice");
    fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, MIB / 2, MIB / 4);
    munmap(at, bytes);
    if (ftruncate(fd, PAGE)) fail("ftruncate");
    close(fd);
    close(ends[0]);
    close(ends[1]);
    unlink("/tmp/legal-file");
}

// Pages that a disk reads and writes directly: get_user_pages with pins.
static void direct(void) {
    size_t bytes = 256 * KIB;
    int fd = open("/dev/vda", O_RDWR | O_DIRECT);
    if (fd < 0) lacking("/dev/vda");
    char *at = anonymous(bytes);
    touch(at, bytes);
    for (int i = 0; i < 4; i++) {
        if (pwrite(fd, at, bytes, i * bytes) != (ssize_t)bytes) fail("pwrite");
        if (pread(fd, at, bytes, i * bytes) != (ssize_t)bytes) fail("pread");
    }
    munmap(at, bytes);
    close(fd);
}

static void *drain(void *listening) {
    int fd = accept(*(int *)listening, NULL, NULL);
    char sink[64 * KIB];
    while (read(fd, sink, sizeof sink) > 0) {
    }
    close(fd);
    return NULL;
}

// Loopback TCP: copied data, and pages of the page cache that sockets hold.
static void sockets(void) {
    int listening = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof to;
    if (bind(listening, (struct sockaddr *)&to, sizeof to) || listen(listening, 1)) fail("listen");
    getsockname(listening, (struct sockaddr *)&to, &length);
    pthread_t reader;
    pthread_create(&reader, NULL, drain, &listening);
    if (connect(fd, (struct sockaddr *)&to, sizeof to)) lacking("loopback");
    static char block[64 * KIB];
    for (int i = 0; i < 16; i++)
        if (write(fd, block, sizeof block) < 0) fail("send");
    int program = open(self, O_RDONLY);
    off_t from = 0;
    if (program >= 0 && sendfile(fd, program, &from, 512 * KIB) < 0) fail("sendfile");
    close(program);
    shutdown(fd, SHUT_WR);
    pthread_join(reader, NULL);
    close(fd);
    close(listening);
}

static void *hammer(void *at) {
    for (int i = 0; i < 20; i++) {
        touch(at, MIB / 2);
        madvise(at, MIB / 4, MADV_DONTNEED);
    }
    return NULL;
}

// Threads on several CPUs that use and drop the same pages.
static void threads(void) {
    char *at = anonymous(MIB / 2);
    pthread_t other[2];
    for (int i = 0; i < 2; i++) pthread_create(&other[i], NULL, hammer, at);
    for (int i = 0; i < 2; i++) pthread_join(other[i], NULL);
    munmap(at, MIB / 2);
}

// Pages of hugetlbfs, shared with a child.
static void hugetlb(void) {
    write_to("/proc/sys/vm/nr_hugepages", "4");
    char *at = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (at == MAP_FAILED) lacking("huge pages");
    touch(at, 4 * MIB);
    pid_t child = fork();
    if (!child) {
        touch(at, 2 * MIB);
        _exit(0);
    }
    await(child);
    munmap(at, 4 * MIB);
    write_to("/proc/sys/vm/nr_hugepages", "0");
}

// One process reads another's memory.
static void remote(void) {
    size_t bytes = 256 * KIB;
    char *at = anonymous(bytes);
    touch(at, bytes);
    pid_t child = fork();
    if (!child) {
        char *to = anonymous(bytes);
        struct iovec here = {to, bytes}, there = {at, bytes};
        _exit(process_vm_readv(getppid(), &here, 1, &there, 1, 0) != (ssize_t)bytes);
    }
    await(child);
    munmap(at, bytes);
}

// memfd pages exported as a dma-buf and mapped through it.
static void udmabuf(void) {
    size_t bytes = MIB;
    int device = open("/dev/udmabuf", O_RDWR), memory = memfd_create("lab", MFD_ALLOW_SEALING);
    if (device < 0) lacking("/dev/udmabuf");
    if (memory < 0 || ftruncate(memory, bytes) || fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK)) fail("memfd");
    struct udmabuf_create create = {.memfd = memory, .flags = UDMABUF_FLAGS_CLOEXEC, .size = bytes};
    int exported = ioctl(device, UDMABUF_CREATE, &create);
    if (exported < 0) fail("udmabuf");
    char *at = map(exported, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    touch(at, bytes);
    munmap(at, bytes);
    close(exported);
    close(memory);
    close(device);
}

// A buffer object of TTM: mapped, written, refused to get_user_pages, inherited, unmapped.
static void buffers(void) {
    struct buffer made = make_buffer(2 * MIB);
    touch(made.at, made.bytes);
    if (splices(made.at + 3 * PAGE)) fail("a PFN mapping was spliced");
    pid_t child = fork();
    if (!child) {
        touch(made.at, made.bytes / 2);
        _exit(0);
    }
    await(child);
    drop_buffer(&made);
}

// Compaction and dropped caches, which move and free what others left.
static void tidy(void) {
    write_to("/proc/sys/vm/compact_memory", "1");
    write_to("/proc/sys/vm/drop_caches", "3");
}

static const struct {
    const char *name;
    void (*run)(void);
} kinds[] = {
    {"nothing", nothing}, {"forks", forks},     {"execs", execs},     {"huge", huge},
    {"same", same},       {"files", files},     {"direct", direct},   {"sockets", sockets},
    {"threads", threads}, {"hugetlb", hugetlb}, {"remote", remote},   {"udmabuf", udmabuf},
    {"buffers", buffers}, {"tidy", tidy},
};

int main(int argc, char **argv) {
    int rounds = argc > 2 ? atoi(argv[2]) : 1;
    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].name, argv[1])) {
            while (rounds-- > 0) kinds[i].run();
            return 0;
        }
    fprintf(stderr, "usage: legal KIND [ROUNDS]; kinds:");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) fprintf(stderr, " %s", kinds[i].name);
    fprintf(stderr, "\n");
    return 64;
}
