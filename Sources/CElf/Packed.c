#define _GNU_SOURCE
#include "CElfParts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

// What a file may come to with its sections unpacked, and zstd's number among their packings (elf.h of glibc 2.37).
enum { unpacked_limit = 1 << 30, compressed_zstd = 2 };

static bool write_at(int descriptor, const void *bytes, size_t count, off_t at) {
  for (size_t done = 0; done < count;) {
    ssize_t step = pwrite(descriptor, (const char *)bytes + done, count - done, at + (off_t)done);
    if (step <= 0) return false;
    done += (size_t)step;
  }
  return true;
}

// Unpacks one section behind the end of the copy and changes its header there; returns the new end, 0 on failure.
static size_t unpack_section(int copy, const uint8_t *base, size_t size, size_t header_at, size_t end,
                             ZSTD_DCtx *context) {
  Elf64_Shdr header;
  Elf64_Chdr packed;
  memcpy(&header, base + header_at, sizeof header);
  if (header.sh_offset > size || header.sh_size > size - header.sh_offset || header.sh_size < sizeof packed)
    return 0;
  memcpy(&packed, base + header.sh_offset, sizeof packed);
  if (packed.ch_size > unpacked_limit - end) return 0;
  void *room = malloc(packed.ch_size + 1);
  if (room == NULL) return 0;
  size_t count = ZSTD_decompressDCtx(context, room, packed.ch_size, base + header.sh_offset + sizeof packed,
                                     header.sh_size - sizeof packed);
  bool isWhole = !ZSTD_isError(count) && count == packed.ch_size;
  header.sh_flags &= ~(Elf64_Xword)SHF_COMPRESSED;
  header.sh_offset = end;
  header.sh_size = packed.ch_size;
  header.sh_addralign = packed.ch_addralign;
  isWhole = isWhole && write_at(copy, room, count, (off_t)end) &&
            write_at(copy, &header, sizeof header, (off_t)header_at);
  free(room);
  return isWhole ? (end + count + 15) / 16 * 16 : 0;
}

static bool is_zstd(const uint8_t *base, size_t size, const Elf64_Shdr *header) {
  Elf64_Word type;
  if (!(header->sh_flags & SHF_COMPRESSED) || header->sh_type == SHT_NOBITS) return false;
  if (header->sh_offset > size || size - header->sh_offset < sizeof type) return false;
  memcpy(&type, base + header->sh_offset, sizeof type);
  return type == compressed_zstd;
}

// libelf before 0.189 does not know sections that are packed by zstd: gives a copy of the file with those sections plain. The
// descriptor is taken over; it is given back when there is nothing to do, or nothing can be done.
int celf_plain_sections(int descriptor) {
  off_t length = descriptor < 0 ? 0 : lseek(descriptor, 0, SEEK_END);
  Elf64_Ehdr file;
  if (length < (off_t)sizeof file || length > unpacked_limit) return descriptor;
  size_t size = (size_t)length;
  uint8_t *base = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (base == MAP_FAILED) return descriptor;
  memcpy(&file, base, sizeof file);
  bool isNative = memcmp(file.e_ident, ELFMAG, SELFMAG) == 0 && file.e_ident[EI_CLASS] == ELFCLASS64 &&
                  file.e_ident[EI_DATA] == ELFDATA2LSB && file.e_shentsize == sizeof(Elf64_Shdr);
  size_t end = (size + 15) / 16 * 16;
  int copy = -1;
  bool isCopied = false;
  ZSTD_DCtx *context = NULL;
  for (size_t i = 0; isNative && i < file.e_shnum; i++) {
    Elf64_Shdr header;
    if (file.e_shoff > size || (i + 1) * sizeof header > size - file.e_shoff) break;
    memcpy(&header, base + file.e_shoff + i * sizeof header, sizeof header);
    if (!is_zstd(base, size, &header)) continue;
    if (copy < 0) {
      copy = memfd_create("pageledger", MFD_CLOEXEC);
      context = ZSTD_createDCtx();
      isCopied = copy >= 0 && context != NULL && write_at(copy, base, size, 0);
      if (!isCopied) break;
    }
    size_t next = unpack_section(copy, base, size, file.e_shoff + i * sizeof header, end, context);
    if (next != 0) end = next;
  }
  ZSTD_freeDCtx(context);
  munmap(base, size);
  if (!isCopied) {
    if (copy >= 0) close(copy);
    return descriptor;
  }
  close(descriptor);
  return copy;
}
