#ifndef C_PREFETCH_H
#define C_PREFETCH_H

/// Asks the CPU to load the cache line of `address` for writing; never faults, whatever the address.
static inline __attribute__((always_inline)) void pl_prefetch_write(const void *address) {
  __builtin_prefetch(address, 1, 3);
}

#endif
