#define _GNU_SOURCE
#include "CBatch.h"

// The library is taken into the command: nothing is loaded at its start.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

cbatch *cbatch_new(void) {
  XXH3_state_t *state = XXH3_createState();
  if (state != NULL) XXH3_128bits_reset(state);
  return (cbatch *)state;
}

void cbatch_add(cbatch *hash, const void *bytes, size_t count) {
  XXH3_128bits_update((XXH3_state_t *)hash, bytes, count);
}

void cbatch_value(const cbatch *hash, uint64_t halves[2]) {
  XXH128_hash_t value = XXH3_128bits_digest((const XXH3_state_t *)hash);
  halves[0] = value.low64;
  halves[1] = value.high64;
}

void cbatch_free(cbatch *hash) { XXH3_freeState((XXH3_state_t *)hash); }

void cbatch_key(const void *bytes, size_t count, uint64_t halves[2]) {
  XXH128_hash_t value = XXH3_128bits(bytes, count);
  halves[0] = value.low64;
  halves[1] = value.high64;
}

uint64_t cbatch_of(const void *bytes, size_t count) { return XXH3_64bits(bytes, count); }

int cbatch_end_with_parent(int parent) {
  return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

int cbatch_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
}
