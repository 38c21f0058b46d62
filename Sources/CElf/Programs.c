#define _GNU_SOURCE
#include "CElfParts.h"

// A segment with code: as it was linked, or as objcopy --only-keep-debug leaves it, without bytes and at a made-up offset.
static bool is_code(const GElf_Phdr *segment) {
  return segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0;
}

bool celf_file_address(celf *file, uint64_t offset, uint64_t *address) {
  size_t count;
  if (elf_getphdrnum(file->elf, &count) != 0 || count > 1 << 16) return false;
  GElf_Phdr segment;
  uint64_t base = UINT64_MAX;
  bool has_bytes = false;
  for (size_t i = 0; i < count; i++) {
    if (gelf_getphdr(file->elf, (int)i, &segment) == NULL) return false;
    if (segment.p_type == PT_LOAD && base == UINT64_MAX) base = segment.p_vaddr & ~(uint64_t)0xfff;
    if (!is_code(&segment) || segment.p_filesz == 0) continue;
    has_bytes = true;
    if (offset < segment.p_offset || offset - segment.p_offset >= segment.p_filesz) continue;
    *address = segment.p_vaddr + (offset - segment.p_offset);
    return true;
  }
  // Linkers that begin code at a page put it into the file as far from the beginning as into memory.
  for (size_t i = 0; i < count && !has_bytes; i++) {
    if (gelf_getphdr(file->elf, (int)i, &segment) == NULL) return false;
    uint64_t place = base + offset;
    if (!is_code(&segment) || (segment.p_vaddr & 0xfff) != 0) continue;
    if (place < segment.p_vaddr || place - segment.p_vaddr >= segment.p_memsz) continue;
    *address = place;
    return true;
  }
  return false;
}
