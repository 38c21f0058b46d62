// Makes the lab's module commit a mistake in a mapping, and does the process's part of it.
//   misuse WORD
#include "lab.h"
#include "../module/pagelab.h"

static int device;
static const size_t block = PAGELAB_PAGES * PAGE;

static char *shared(long kind) {
    return map(device, block, PROT_READ | PROT_WRITE, MAP_SHARED, kind * PAGE);
}

static void tell(int act) {
    if (ioctl(device, act)) fail("the module's act");
}

// The block goes away in one of three ways between two uses of the mapping.
static void use_around(int act) {
    char *at = shared(PAGELAB_BY_PFN);
    touch(at, block);
    tell(act);
    touch(at, block);
    munmap(at, block);
}
static void free_mapped(void) { use_around(PAGELAB_FREE); }
static void steal_mapped(void) { use_around(PAGELAB_STEAL); }
static void move_mapped(void) { use_around(PAGELAB_MOVE); }

static void private_write(void) {
    char *at = map(device, block, PROT_READ | PROT_WRITE, MAP_PRIVATE, PAGELAB_REMAPPED * PAGE);
    touch(at, block);
    munmap(at, block);
}

static void write_again(void) {
    char *at = map(device, block, PROT_READ, MAP_PRIVATE, PAGELAB_REMAPPED * PAGE);
    printf("misuse: %d\n", ((volatile char *)at)[PAGE]);
    if (mprotect(at, block, PROT_READ | PROT_WRITE)) fail("mprotect");
    touch(at, block);
    munmap(at, block);
}

static void splice_of(long kind, size_t bytes, int wanted) {
    char *at = map(device, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kind * PAGE);
    *(volatile char *)at = 1;
    int tail = bytes > PAGE ? splices(at + PAGE) : -1;
    int head = splices(at);
    printf("misuse: spliced head %d tail %d\n", head, tail);
    if (wanted >= 0 && head != wanted) exit(1);
    munmap(at, bytes);
}
static void counted_entry(void) { splice_of(PAGELAB_AS_PAGE, PAGE, 1); }
static void refused(void) { splice_of(PAGELAB_BY_PFN, block, 0); }
static void mixed(void) { splice_of(PAGELAB_MIXED, block, 0); }
static void huge_entry(void) { splice_of(PAGELAB_HUGE, 2 * MIB, -1); }

static void exported(int act, int wanted) {
    int fd = ioctl(device, act);
    if (fd < 0) fail("export");
    char *at = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    touch(at, PAGE);
    if (splices(at) != wanted) exit(1);
    munmap(at, PAGE);
    close(fd);
}
static void export_counted(void) { exported(PAGELAB_EXPORT_COUNTED, 1); }
static void export_pfn(void) { exported(PAGELAB_EXPORT_PFN, 0); }

static const struct {
    const char *word;
    void (*run)(void);
} words[] = {
    {"free-mapped", free_mapped},       {"steal-mapped", steal_mapped}, {"move-mapped", move_mapped},
    {"private-write", private_write},   {"write-again", write_again},   {"counted-entry", counted_entry},
    {"splice-refused", refused},        {"mixed", mixed},               {"huge-entry", huge_entry},
    {"export-counted", export_counted}, {"export-pfn", export_pfn},
};

int main(int argc, char **argv) {
    device = open("/dev/pagelab", O_RDWR);
    if (device < 0) lacking("/dev/pagelab");
    for (size_t i = 0; argc > 1 && i < sizeof words / sizeof *words; i++)
        if (!strcmp(words[i].word, argv[1])) {
            words[i].run();
            return 0;
        }
    // every other word is one that the module does alone
    if (argc > 1 && write(device, argv[1], strlen(argv[1])) == (ssize_t)strlen(argv[1])) return 0;
    fprintf(stderr, "misuse: the module does not know this word\n");
    return 64;
}
