// What a batch needs of xxHash, and of the kernel where Swift cannot call it.
#ifndef CBATCH_H
#define CBATCH_H

#include <stddef.h>
#include <stdint.h>

typedef struct cbatch cbatch;

// A running XXH3 of 128 bits; NULL without memory.
cbatch *cbatch_new(void);
void cbatch_add(cbatch *hash, const void *bytes, size_t count);
// The hash of all bytes so far: the low and the high half.
void cbatch_value(const cbatch *hash, uint64_t halves[2]);
void cbatch_free(cbatch *hash);

// XXH3 of 128 bits of bytes that are here whole: the low and the high half.
void cbatch_key(const void *bytes, size_t count, uint64_t halves[2]);

// XXH3 of 64 bits.
uint64_t cbatch_of(const void *bytes, size_t count);

// The kernel ends this process when its parent ends; prctl(2) is variadic. False when the parent is gone already.
int cbatch_end_with_parent(int parent);

// CPUs that this process may use, at least 1.
int cbatch_processors(void);

#endif
