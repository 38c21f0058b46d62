// What the stages of an analysis cost in plain C: the yardstick of `tools/bench`.
#ifndef PAGELEDGER_REFERENCE_H
#define PAGELEDGER_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

// One decoded event, as large as PageLedger's.
struct ref_event {
  uint64_t time, pfn, flags, mapping;
  int32_t count, mapcount, value, result, pid;
  uint16_t cpu;
  uint8_t kind, order;
  uint64_t spare;
};

// Events seen, and a sum that depends on their frames and their order.
struct ref_sum {
  uint64_t events, hash;
};

// Event ids of one trace.dat, 0 for what it does not have; the order of `kind`.
enum { REF_KINDS = 9 };
struct ref_layout {
  uint64_t page, cpus;
  const uint64_t *offsets, *sizes;
  uint16_t ids[REF_KINDS];
};

// Counts newlines of a file read in blocks, with memchr().
int ref_newlines(const char *path, struct ref_sum *sum);
// Reads a `trace-cmd report -t` text and takes page_ref and page allocator lines apart.
int ref_lines(const char *path, struct ref_sum *sum);
// Reads each CPU's sub-buffers of a trace.dat v6 and decodes them, one CPU behind the other.
int ref_subbuffers(const char *path, const struct ref_layout *layout, struct ref_sum *sum);
// The same in the order of time over all CPUs.
int ref_merged(const char *path, const struct ref_layout *layout, struct ref_sum *sum);

// Merges lanes of events, each in the order of time, into a batch that is used again; the lower lane first at equal times.
int ref_merge(const struct ref_event *const *lanes, const size_t *counts, size_t number, struct ref_sum *sum);

// A table of 24 bytes a page; one write an event, states prefetched.
struct ref_table;
struct ref_table *ref_table_new(void);
void ref_table_free(struct ref_table *table);
void ref_update(struct ref_table *table, const uint64_t *pfns, const int32_t *counts, size_t number);

#endif
