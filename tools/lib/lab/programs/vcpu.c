// A guest of our own that stores to each page of the memory it is given, in 32-bit protected mode.
//   vcpu MEMORY [ACT] [KIB]
// MEMORY: private, shared (anonymous), ttm (a buffer object), lab (a block of the lab's module)
// ACT after the first pass: none, discard, protect, replace; of the module: free, move, steal
#include "lab.h"
#include "../module/pagelab.h"
#include <linux/kvm.h>

#define CODE 0x1000ul
#define WINDOW 0x1000000ul // where the memory lies in the guest

static struct kvm_run *shared_run;

// edi = WINDOW; ecx = pages; do { *(u32 *)edi = ecx; edi += 4096; } while (--ecx); hlt
static size_t assemble(uint8_t *to, uint32_t pages) {
    uint8_t *at = to;
    uint32_t start = WINDOW, step = PAGE;
    *at++ = 0xbf, memcpy(at, &start, 4), at += 4;
    *at++ = 0xb9, memcpy(at, &pages, 4), at += 4;
    uint8_t *again = at;
    *at++ = 0x89, *at++ = 0x0f;
    *at++ = 0x81, *at++ = 0xc7, memcpy(at, &step, 4), at += 4;
    *at++ = 0x49;
    *at = 0x75, at[1] = (uint8_t)(again - (at + 2)), at += 2;
    *at++ = 0xf4;
    return at - to;
}

static void add_slot(int vm, int slot, uint64_t where, void *memory, size_t bytes) {
    struct kvm_userspace_memory_region region = {
        .slot = slot, .guest_phys_addr = where, .memory_size = bytes, .userspace_addr = (uintptr_t)memory};
    if (ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region)) fail("memory slot");
}

static void enter_protected_mode(int cpu) {
    struct kvm_sregs special;
    if (ioctl(cpu, KVM_GET_SREGS, &special)) fail("get sregs");
    struct kvm_segment code = {.limit = ~0u, .selector = 8, .type = 11, .present = 1, .s = 1, .db = 1, .g = 1};
    struct kvm_segment data = code;
    data.type = 3;
    data.selector = 16;
    special.cs = code;
    special.ds = special.es = special.fs = special.gs = special.ss = data;
    special.cr0 |= 1;
    if (ioctl(cpu, KVM_SET_SREGS, &special)) fail("set sregs");
}

// One pass over all pages; returns how many stores ended in -EFAULT.
static unsigned pass(int cpu, size_t pages) {
    struct kvm_regs regs = {.rip = CODE, .rflags = 2};
    if (ioctl(cpu, KVM_SET_REGS, &regs)) fail("set regs");
    for (unsigned refused = 0; refused <= pages;) {
        if (!ioctl(cpu, KVM_RUN, 0)) {
            if (shared_run->exit_reason == KVM_EXIT_HLT) return refused;
            fprintf(stderr, "the guest ended with exit %u\n", shared_run->exit_reason);
            exit(1);
        }
        if (errno == EINTR) continue;
        if (errno != EFAULT) fail("KVM_RUN");
        refused++;
        ioctl(cpu, KVM_GET_REGS, &regs);
        regs.rip += 2; // behind the store
        ioctl(cpu, KVM_SET_REGS, &regs);
    }
    fail("the guest does not end");
}

static int module_act(const char *act) {
    return !strcmp(act, "free") ? PAGELAB_FREE : !strcmp(act, "move") ? PAGELAB_MOVE : PAGELAB_STEAL;
}

static void perform(const char *act, int device, char *at, size_t bytes) {
    size_t half = bytes / 2;
    if (!strcmp(act, "discard"))
        madvise(at, half, MADV_DONTNEED), madvise(at, half, MADV_REMOVE);
    else if (!strcmp(act, "protect"))
        mprotect(at + half, half, PROT_READ), mprotect(at + half, half, PROT_READ | PROT_WRITE);
    else if (!strcmp(act, "replace"))
        mmap(at, half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    else if (device >= 0 && ioctl(device, module_act(act)))
        fail(act);
}

int main(int argc, char **argv) {
    const char *kind = argc > 1 ? argv[1] : "private", *act = argc > 2 ? argv[2] : "none";
    size_t bytes = (argc > 3 ? strtoul(argv[3], NULL, 0) : 1024) * KIB;
    int device = -1;
    char *memory;
    if (!strcmp(kind, "ttm")) {
        struct buffer made = make_buffer(bytes);
        memory = made.at;
        bytes = made.bytes;
    } else if (!strcmp(kind, "lab")) {
        device = open("/dev/pagelab", O_RDWR);
        if (device < 0) lacking("/dev/pagelab");
        bytes = PAGELAB_PAGES * PAGE;
        memory = map(device, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, PAGELAB_BY_PFN * PAGE);
    } else
        memory = map(-1, bytes, PROT_READ | PROT_WRITE,
                     (strcmp(kind, "shared") ? MAP_PRIVATE : MAP_SHARED) | MAP_ANONYMOUS, 0);
    touch(memory, bytes);

    int kvm = open("/dev/kvm", O_RDWR);
    if (kvm < 0) lacking("/dev/kvm");
    int vm = ioctl(kvm, KVM_CREATE_VM, 0);
    if (vm < 0) fail("create a VM");
    char *low = anonymous(64 * KIB);
    assemble((uint8_t *)low + CODE, bytes / PAGE);
    add_slot(vm, 0, 0, low, 64 * KIB);
    add_slot(vm, 1, WINDOW, memory, bytes);
    int cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    if (cpu < 0) fail("create a vcpu");
    shared_run = (struct kvm_run *)map(
        cpu, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, 0);
    enter_protected_mode(cpu);

    printf("vcpu: %zu pages, %u refused\n", bytes / PAGE, pass(cpu, bytes / PAGE));
    if (strcmp(act, "none")) {
        perform(act, device, memory, bytes);
        printf("vcpu: after %s %u refused\n", act, pass(cpu, bytes / PAGE));
    }
    munmap(memory, bytes);
    return 0;
}
