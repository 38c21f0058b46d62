#define _GNU_SOURCE
#include "reference.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BLOCK = 256 * 1024, BATCH = 4096 };

static void take(struct ref_sum *sum, uint64_t pfn) {
  sum->events++;
  sum->hash = sum->hash * 31 + pfn;
}

// Calls `block` with whole lines; the unfinished one is moved to the front.
static int each_block(const char *path, struct ref_sum *sum,
                      void (*block)(const char *, const char *, struct ref_sum *)) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  char *room = malloc(2 * BLOCK);
  size_t rest = 0;
  ssize_t got;
  if (file < 0 || !room) return -1;
  while ((got = read(file, room + rest, BLOCK)) > 0) {
    size_t all = rest + (size_t)got;
    const char *last = memrchr(room, '\n', all);
    if (!last) break;
    block(room, last + 1, sum);
    rest = all - (size_t)(last + 1 - room);
    if (rest > BLOCK) break;
    memmove(room, last + 1, rest);
  }
  free(room);
  close(file);
  return got == 0 ? 0 : -1;
}

static void count_lines(const char *at, const char *end, struct ref_sum *sum) {
  while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
    sum->events++;
    at++;
  }
}

int ref_newlines(const char *path, struct ref_sum *sum) { return each_block(path, sum, count_lines); }

static const char *decimal(const char *at, int64_t *value) {
  int negative = *at == '-';
  uint64_t number = 0;
  at += negative;
  while ((unsigned)(*at - '0') < 10) number = number * 10 + (uint64_t)(*at++ - '0');
  *value = negative ? -(int64_t)number : (int64_t)number;
  return at;
}

static const char *hexadecimal(const char *at, uint64_t *value) {
  uint64_t number = 0;
  if (at[0] == '0' && at[1] == 'x') at += 2;
  for (;; at++) {
    unsigned digit = (unsigned)(*at - '0');
    if (digit > 9) {
      digit = (unsigned)((*at | 0x20) - 'a') + 10;
      if (digit < 10 || digit > 15) break;
    }
    number = number << 4 | digit;
  }
  *value = number;
  return at;
}

static const struct {
  const char *name;
  size_t size;
} kinds[REF_KINDS] = {
    {"page_ref_set:", 13},           {"page_ref_mod:", 13},
    {"page_ref_mod_and_test:", 22},  {"page_ref_mod_and_return:", 24},
    {"page_ref_mod_unless:", 20},    {"page_ref_freeze:", 16},
    {"page_ref_unfreeze:", 18},      {"mm_page_alloc:", 14},
    {"mm_page_free:", 13},
};

static int kind_of(const char *name, size_t room) {
  if (room < 24 || (name[0] != 'p' && name[0] != 'm')) return -1;
  for (int kind = 0; kind < REF_KINDS; kind++)
    if (!memcmp(name, kinds[kind].name, kinds[kind].size)) return kind;
  return -1;
}

static void fields(const char *at, const char *end, struct ref_event *event) {
  while (at < end) {
    const char *equals = memchr(at, '=', (size_t)(end - at));
    if (!equals) return;
    int64_t number = 0;
    const char *value = equals + 1;
    const char *key = equals;
    while (key > at && key[-1] != ' ') key--;
    switch (equals - key) {
    case 2: at = decimal(value, &number), event->order = (uint8_t)number; break;
    case 3:
      if (key[0] == 'p') at = hexadecimal(value, &event->pfn);
      else if (key[0] == 'v') at = decimal(value, &number), event->value = (int32_t)number;
      else at = decimal(value, &number), event->result = (int32_t)number;
      break;
    case 5:
      if (key[0] == 'f') at = hexadecimal(value, &event->flags);
      else if (key[0] == 'c') at = decimal(value, &number), event->count = (int32_t)number;
      else at = decimal(value, &number), event->order = (uint8_t)number;
      break;
    case 7: at = hexadecimal(value, &event->mapping); break;
    case 8: at = decimal(value, &number), event->mapcount = (int32_t)number; break;
    default: at = value; break;
    }
  }
}

static void parse_lines(const char *at, const char *end, struct ref_sum *sum) {
  struct ref_event event;
  while (at < end) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    const char *cpu = memchr(at, '[', (size_t)(stop - at));
    if (cpu && stop - cpu > 40) {
      int64_t number;
      memset(&event, 0, sizeof event);
      const char *task = cpu;
      while (task > at && task[-1] == ' ') task--;
      while (task > at && task[-1] != '-') task--;
      decimal(task, &number), event.pid = (int32_t)number;
      decimal(cpu + 1, &number), event.cpu = (uint16_t)number;
      const char *time = cpu + 5;
      while (*time == ' ') time++;
      time = decimal(time, &number), event.time = (uint64_t)number * 1000000000;
      if (*time == '.') time = decimal(time + 1, &number), event.time += (uint64_t)number;
      const char *name = time + 2;
      int kind = *time == ':' ? kind_of(name, (size_t)(stop - name)) : -1;
      if (kind >= 0) {
        event.kind = (uint8_t)kind;
        fields(name + kinds[kind].size, stop, &event);
        take(sum, event.pfn);
      }
    }
    at = stop + 1;
  }
}

int ref_lines(const char *path, struct ref_sum *sum) { return each_block(path, sum, parse_lines); }

// One CPU's records. kernel/trace/ring_buffer.c, 6.1
struct cursor {
  int file;
  uint64_t offset, left, page;
  uint16_t cpu;
  const uint8_t *kind_of_id;
  char *room;
  size_t filled, start, at, end;
  uint64_t time;
};

static uint64_t word64(const char *at) {
  uint64_t value;
  memcpy(&value, at, 8);
  return value;
}

static uint32_t word32(const char *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return value;
}

static uint16_t word16(const char *at) {
  uint16_t value;
  memcpy(&value, at, 2);
  return value;
}

static int next_page(struct cursor *cursor) {
  if (cursor->start + cursor->page > cursor->filled) {
    size_t wanted = cursor->left < BLOCK ? cursor->left : BLOCK;
    ssize_t got = pread(cursor->file, cursor->room, wanted, (off_t)cursor->offset);
    if (got < (ssize_t)cursor->page) return 0;
    cursor->offset += (uint64_t)got;
    cursor->left -= (uint64_t)got;
    cursor->filled = (size_t)got;
    cursor->start = 0;
  }
  cursor->time = word64(cursor->room + cursor->start);
  cursor->at = cursor->start + 16;
  cursor->end = cursor->at + (word64(cursor->room + cursor->start + 8) & 0xfffff);
  if (cursor->end > cursor->start + cursor->page) cursor->end = cursor->at;
  cursor->start += cursor->page;
  return 1;
}

static void decode(const char *record, int kind, struct ref_event *event) {
  event->kind = (uint8_t)kind;
  event->pid = (int32_t)word32(record + 4);
  event->pfn = word64(record + 8);
  if (kind == 8) {
    event->order = (uint8_t)word32(record + 16);
  } else if (kind == 7) {
    event->order = (uint8_t)word32(record + 16);
    event->flags = word64(record + 24);
    event->value = (int32_t)word32(record + 32);
  } else {
    event->flags = word64(record + 16);
    event->count = (int32_t)word32(record + 24);
    event->mapcount = (int32_t)word32(record + 28);
    event->mapping = word64(record + 32);
    event->value = (int32_t)word32(record + 44);
    event->result = kind >= 2 && kind <= 5 ? (int32_t)word32(record + 48) : 0;
  }
}

// The next event that counts; 0 at the end.
static int next_event(struct cursor *cursor, struct ref_event *event) {
  for (;;) {
    if (cursor->at + 4 > cursor->end) {
      if (!next_page(cursor)) return 0;
      continue;
    }
    const char *head = cursor->room + cursor->at;
    uint32_t word = word32(head), type = word & 31, delta = word >> 5;
    size_t length = type * 4u, skip = 4;
    if (type >= 29) {
      if (type == 29) {
        cursor->at = delta ? cursor->at + 4 + word32(head + 4) : cursor->end;
        continue;
      }
      uint64_t whole = delta | (uint64_t)word32(head + 4) << 27;
      cursor->time = type == 30 ? cursor->time + whole : (cursor->time >> 59 << 59 | whole);
      cursor->at += 8;
      continue;
    }
    if (type == 0) {
      length = word32(head + 4) - 4;
      skip = 8;
    }
    cursor->time += delta;
    cursor->at += skip + length;
    int kind = cursor->kind_of_id[word16(head + skip)];
    if (kind == 0 || cursor->at > cursor->end) continue;
    event->time = cursor->time;
    event->cpu = cursor->cpu;
    decode(head + skip, kind - 1, event);
    return 1;
  }
}

static struct cursor *open_cursors(const char *path, const struct ref_layout *layout, uint8_t *table) {
  struct cursor *cursors = calloc(layout->cpus, sizeof *cursors);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (!cursors || file < 0) return NULL;
  for (int kind = 0; kind < REF_KINDS; kind++)
    if (layout->ids[kind]) table[layout->ids[kind]] = (uint8_t)(kind + 1);
  for (uint64_t cpu = 0; cpu < layout->cpus; cpu++) {
    struct cursor *cursor = &cursors[cpu];
    cursor->file = file;
    cursor->offset = layout->offsets[cpu];
    cursor->left = layout->sizes[cpu];
    cursor->page = layout->page;
    cursor->cpu = (uint16_t)cpu;
    cursor->kind_of_id = table;
    cursor->room = malloc(BLOCK);
  }
  return cursors;
}

static void close_cursors(struct cursor *cursors, const struct ref_layout *layout) {
  close(cursors[0].file);
  for (uint64_t cpu = 0; cpu < layout->cpus; cpu++) free(cursors[cpu].room);
  free(cursors);
}

int ref_subbuffers(const char *path, const struct ref_layout *layout, struct ref_sum *sum) {
  static uint8_t table[1 << 16];
  struct ref_event *batch = calloc(BATCH, sizeof *batch);
  struct cursor *cursors = open_cursors(path, layout, table);
  if (!cursors || !batch) return -1;
  for (uint64_t cpu = 0; cpu < layout->cpus; cpu++) {
    size_t count = 0;
    while (next_event(&cursors[cpu], &batch[count])) {
      if (++count < BATCH) continue;
      for (size_t i = 0; i < count; i++) take(sum, batch[i].pfn);
      count = 0;
    }
    for (size_t i = 0; i < count; i++) take(sum, batch[i].pfn);
  }
  close_cursors(cursors, layout);
  free(batch);
  return 0;
}

int ref_merged(const char *path, const struct ref_layout *layout, struct ref_sum *sum) {
  static uint8_t table[1 << 16];
  struct ref_event *heads = calloc(layout->cpus, sizeof *heads);
  struct cursor *cursors = open_cursors(path, layout, table);
  if (!cursors || !heads) return -1;
  for (uint64_t cpu = 0; cpu < layout->cpus; cpu++)
    if (!next_event(&cursors[cpu], &heads[cpu])) heads[cpu].time = UINT64_MAX;
  for (;;) {
    uint64_t best = 0;
    for (uint64_t cpu = 1; cpu < layout->cpus; cpu++)
      if (heads[cpu].time < heads[best].time) best = cpu;
    if (heads[best].time == UINT64_MAX) break;
    take(sum, heads[best].pfn);
    if (!next_event(&cursors[best], &heads[best])) heads[best].time = UINT64_MAX;
  }
  close_cursors(cursors, layout);
  free(heads);
  return 0;
}

static int precedes(const uint64_t *keys, size_t a, size_t b) {
  return keys[a] != keys[b] ? keys[a] < keys[b] : a < b;
}

static void sink(size_t *heap, size_t number, const uint64_t *keys, size_t place) {
  for (size_t child; (child = 2 * place + 1) < number; place = child) {
    if (child + 1 < number && precedes(keys, heap[child + 1], heap[child])) child++;
    if (!precedes(keys, heap[child], heap[place])) return;
    size_t lane = heap[place];
    heap[place] = heap[child];
    heap[child] = lane;
  }
}

int ref_merge(const struct ref_event *const *lanes, const size_t *counts, size_t number, struct ref_sum *sum) {
  enum { OUT = 256 };
  struct ref_event *out = malloc(OUT * sizeof *out);
  size_t *at = calloc(number, sizeof *at), *heap = calloc(number, sizeof *heap), filled = 0;
  uint64_t *keys = calloc(number, sizeof *keys);
  if (!out || !at || !heap || !keys) return -1;
  for (size_t lane = 0; lane < number; lane++) {
    heap[lane] = lane;
    keys[lane] = counts[lane] ? lanes[lane][0].time : UINT64_MAX;
  }
  for (size_t place = number; place-- > 0;) sink(heap, number, keys, place);
  while (keys[heap[0]] != UINT64_MAX) {
    size_t lane = heap[0];
    out[filled] = lanes[lane][at[lane]];
    take(sum, out[filled].pfn);
    filled = (filled + 1) % OUT;
    keys[lane] = ++at[lane] < counts[lane] ? lanes[lane][at[lane]].time : UINT64_MAX;
    sink(heap, number, keys, 0);
  }
  free(out), free(at), free(heap), free(keys);
  return 0;
}

struct ref_state {
  int32_t count;
  uint32_t block, step, epoch;
  uint64_t rest;
};

enum { CHUNK_SHIFT = 11, CHUNKS = 1 << 21 };

struct ref_table {
  struct ref_state *chunks[CHUNKS];
};

struct ref_table *ref_table_new(void) {
  void *room = mmap(NULL, sizeof(struct ref_table), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return room == MAP_FAILED ? NULL : room;
}

void ref_table_free(struct ref_table *table) {
  for (size_t chunk = 0; chunk < CHUNKS; chunk++) free(table->chunks[chunk]);
  munmap(table, sizeof *table);
}

static struct ref_state *state_of(struct ref_table *table, uint64_t pfn) {
  uint64_t chunk = pfn >> CHUNK_SHIFT;
  if (chunk >= CHUNKS) return NULL;
  if (!table->chunks[chunk])
    table->chunks[chunk] = calloc(1 << CHUNK_SHIFT, sizeof(struct ref_state));
  return table->chunks[chunk] ? &table->chunks[chunk][pfn & ((1 << CHUNK_SHIFT) - 1)] : NULL;
}

void ref_update(struct ref_table *table, const uint64_t *pfns, const int32_t *counts, size_t number) {
  enum { AHEAD = 16 };
  for (size_t i = 0; i < number; i++) {
    if (i + AHEAD < number) {
      uint64_t chunk = pfns[i + AHEAD] >> CHUNK_SHIFT;
      if (chunk < CHUNKS && table->chunks[chunk])
        __builtin_prefetch(&table->chunks[chunk][pfns[i + AHEAD] & ((1 << CHUNK_SHIFT) - 1)], 1);
    }
    struct ref_state *state = state_of(table, pfns[i]);
    if (!state) continue;
    state->count = counts[i];
    state->step++;
  }
}
