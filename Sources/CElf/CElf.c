#define _GNU_SOURCE
#include "CElf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

// More inlined functions than this at one address are damage.
enum { scope_limit = 64 };

// What a file may come to with its sections unpacked, and zstd's number among their packings (elf.h of glibc 2.37).
enum { unpacked_limit = 1 << 30, compressed_zstd = 2 };

struct celf {
  int descriptor;
  Elf *elf;
  GElf_Ehdr header;
  char *debug;
  bool tried;
  Dwfl *dwfl;
  Dwfl_Module *module;
  Dwfl_Callbacks callbacks;
};

static void copy_text(char *room, const char *text) {
  size_t length = text == NULL ? 0 : strnlen(text, CELF_TEXT - 1);
  if (length > 0) memcpy(room, text, length);
  room[length] = 0;
}

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
static int plain_sections(int descriptor) {
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

celf *celf_open(int descriptor, const char *debug) {
  if (descriptor < 0) return NULL;
  elf_version(EV_CURRENT);
  celf *file = calloc(1, sizeof *file);
  if (file == NULL) {
    close(descriptor);
    return NULL;
  }
  descriptor = plain_sections(descriptor);
  file->descriptor = descriptor;
  file->debug = debug == NULL ? NULL : strdup(debug);
  file->elf = elf_begin(descriptor, ELF_C_READ_MMAP_PRIVATE, NULL);
  if (file->elf == NULL || elf_kind(file->elf) != ELF_K_ELF ||
      gelf_getehdr(file->elf, &file->header) == NULL) {
    celf_close(file);
    return NULL;
  }
  return file;
}

celf *celf_open_bytes(const void *bytes, size_t count, const char *debug) {
  int descriptor = memfd_create("pageledger", MFD_CLOEXEC);
  if (descriptor < 0) return NULL;
  size_t done = 0;
  while (done < count) {
    ssize_t step = write(descriptor, (const char *)bytes + done, count - done);
    if (step <= 0) {
      close(descriptor);
      return NULL;
    }
    done += (size_t)step;
  }
  return celf_open(descriptor, debug);
}

void celf_close(celf *file) {
  if (file == NULL) return;
  if (file->dwfl != NULL) dwfl_end(file->dwfl);
  if (file->elf != NULL) elf_end(file->elf);
  close(file->descriptor);
  free(file->debug);
  free(file);
}

bool celf_is_relocatable(const celf *file) { return file->header.e_type == ET_REL; }

static size_t note_build_id(Elf_Data *data, uint8_t *id, size_t room) {
  GElf_Nhdr note;
  size_t name, text, at = 0;
  while (data != NULL && at < data->d_size) {
    size_t next = gelf_getnote(data, at, &note, &name, &text);
    if (next <= at) return 0;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && note.n_descsz > 0 &&
        memcmp((const char *)data->d_buf + name, "GNU", 4) == 0) {
      size_t length = note.n_descsz < room ? note.n_descsz : room;
      memcpy(id, (const char *)data->d_buf + text, length);
      return length;
    }
    at = next;
  }
  return 0;
}

size_t celf_build_id(celf *file, uint8_t *id, size_t room) {
  Elf_Scn *section = NULL;
  while ((section = elf_nextscn(file->elf, section)) != NULL) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_NOTE) continue;
    size_t length = note_build_id(elf_getdata(section, NULL), id, room);
    if (length > 0) return length;
  }
  return 0;
}

// The table of symbols: the whole one if the file has it, else that of dynamic linking.
static Elf_Data *symbol_table(celf *file, GElf_Shdr *table) {
  Elf_Data *dynamic = NULL;
  GElf_Shdr other;
  Elf_Scn *section = NULL;
  while ((section = elf_nextscn(file->elf, section)) != NULL) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == NULL || header.sh_entsize == 0) continue;
    if (header.sh_type == SHT_SYMTAB) {
      *table = header;
      return elf_getdata(section, NULL);
    }
    if (header.sh_type == SHT_DYNSYM) {
      other = header;
      dynamic = elf_getdata(section, NULL);
    }
  }
  if (dynamic != NULL) *table = other;
  return dynamic;
}

static size_t symbol_count(const Elf_Data *data, const GElf_Shdr *table) {
  size_t count = data->d_size / table->sh_entsize;
  return count > INT32_MAX ? INT32_MAX : count;
}

bool celf_address(celf *file, const char *name, uint64_t *address) {
  GElf_Shdr table;
  Elf_Data *data = symbol_table(file, &table);
  if (data == NULL) return false;
  for (size_t i = 1; i < symbol_count(data, &table); i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, (int)i, &symbol) == NULL) return false;
    const char *text = elf_strptr(file->elf, table.sh_link, symbol.st_name);
    if (text == NULL || strcmp(text, name) != 0 || symbol.st_shndx == SHN_UNDEF) continue;
    *address = symbol.st_value;
    return true;
  }
  return false;
}

// Where the sections with code lie in a loaded module: kernel/module/main.c:layout_sections (6.1), one behind the other, those of
// its start-up code apart. NULL when there is no room; SIZE_MAX marks sections without a place.
static uint64_t *section_places(celf *file, size_t *count) {
  if (elf_getshdrnum(file->elf, count) != 0 || *count > 1 << 20) return NULL;
  uint64_t *places = malloc((*count + 1) * sizeof *places);
  if (places == NULL) return NULL;
  uint64_t next = 0;
  for (size_t i = 0; i < *count; i++) {
    GElf_Shdr header;
    Elf_Scn *section = elf_getscn(file->elf, i);
    places[i] = UINT64_MAX;
    if (section == NULL || gelf_getshdr(section, &header) == NULL) continue;
    if ((header.sh_flags & (SHF_ALLOC | SHF_EXECINSTR)) != (SHF_ALLOC | SHF_EXECINSTR)) continue;
    size_t names;
    const char *name = NULL;
    if (elf_getshdrstrndx(file->elf, &names) == 0)
      name = elf_strptr(file->elf, names, header.sh_name);
    if (name != NULL && (strncmp(name, ".init", 5) == 0 || strncmp(name, ".exit", 5) == 0)) continue;
    uint64_t align = header.sh_addralign > 1 && header.sh_addralign <= 1 << 20 ? header.sh_addralign : 1;
    next = (next + align - 1) / align * align;
    places[i] = next;
    next += header.sh_size;
  }
  return places;
}

static int underscores(const char *name) {
  int count = 0;
  while (name[count] == '_') count++;
  return count;
}

// Of two symbols of one address the kernel prints the one that is not weak, then the one with fewer underscores in front:
// scripts/kallsyms.c:compare_symbols (6.1).
static bool precedes(const GElf_Sym *a, const char *name, const GElf_Sym *b, const char *other) {
  bool weak = GELF_ST_BIND(a->st_info) == STB_WEAK, other_weak = GELF_ST_BIND(b->st_info) == STB_WEAK;
  if (weak != other_weak) return other_weak;
  return underscores(name) < underscores(other);
}

static bool is_code(const GElf_Sym *symbol) {
  int type = GELF_ST_TYPE(symbol->st_info);
  return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
         (type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC);
}

// The place of the first address that is not below `value`.
static size_t lower_bound(const uint64_t *addresses, size_t count, uint64_t value) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (addresses[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

void celf_find(celf *file, const uint64_t *addresses, size_t count, celf_symbol *found) {
  for (size_t i = 0; i < count; i++) {
    found[i].address = 0;
    found[i].name[0] = 0;
  }
  GElf_Shdr table;
  Elf_Data *data = symbol_table(file, &table);
  GElf_Sym *best = calloc(count + 1, sizeof *best);
  const char **names = calloc(count + 1, sizeof *names);
  size_t sections = 0;
  uint64_t *places = celf_is_relocatable(file) ? section_places(file, &sections) : NULL;
  if (data == NULL || best == NULL || names == NULL || count == 0) goto out;
  for (size_t i = 1; i < symbol_count(data, &table); i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, (int)i, &symbol) == NULL) break;
    if (!is_code(&symbol)) continue;
    if (places != NULL) {
      if (symbol.st_shndx >= sections || places[symbol.st_shndx] == UINT64_MAX) continue;
      symbol.st_value += places[symbol.st_shndx];
    } else if (symbol.st_value == 0) {
      continue;
    }
    size_t at = lower_bound(addresses, count, symbol.st_value);
    if (at == count || (names[at] != NULL && best[at].st_value > symbol.st_value)) continue;
    const char *text = elf_strptr(file->elf, table.sh_link, symbol.st_name);
    if (text == NULL || text[0] == 0 || text[0] == '$' || strncmp(text, ".L", 2) == 0) continue;
    if (names[at] != NULL && best[at].st_value == symbol.st_value &&
        !precedes(&symbol, text, &best[at], names[at]))
      continue;
    best[at] = symbol;
    names[at] = text;
  }
  // The last symbol before an address counts for those behind it too, until another begins.
  for (size_t i = 0; i < count; i++) {
    if (names[i] == NULL && i > 0) {
      names[i] = names[i - 1];
      best[i] = best[i - 1];
    }
    if (names[i] == NULL) continue;
    // Behind the end of a function of known size there is nothing to name, but padding and the return from a call that never does.
    if (best[i].st_size != 0 && addresses[i] - best[i].st_value > best[i].st_size + 64) continue;
    found[i].address = best[i].st_value;
    copy_text(found[i].name, names[i]);
  }
out:
  free(places);
  free(names);
  free(best);
}

// Finds a debug file only in the folder that the user named, by build id: never on the network, never on the running host.
static int find_debug(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
                      const char *path, const char *link, GElf_Word crc, char **found) {
  (void)name, (void)base, (void)path, (void)link, (void)crc;
  celf *file = data == NULL ? NULL : *data;
  const unsigned char *id;
  GElf_Addr place;
  int length = dwfl_module_build_id(module, &id, &place);
  if (file == NULL || file->debug == NULL || length < 2 || length > 64) return -1;
  char hex[160];
  for (int i = 0; i < length; i++) snprintf(hex + 2 * i, 3, "%02x", id[i]);
  char *text;
  if (asprintf(&text, "%s/.build-id/%.2s/%s.debug", file->debug, hex, hex + 2) < 0) return -1;
  int descriptor = open(text, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    free(text);
    if (asprintf(&text, "%s/%.2s/%s.debug", file->debug, hex, hex + 2) < 0) return -1;
    descriptor = open(text, O_RDONLY | O_CLOEXEC);
  }
  descriptor = plain_sections(descriptor);
  if (descriptor >= 0) *found = text;
  else free(text);
  return descriptor;
}

static int find_nothing(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, char **path,
                        Elf **elf) {
  (void)module, (void)data, (void)name, (void)base, (void)path, (void)elf;
  return -1;
}

static Dwfl_Module *module_of(celf *file) {
  if (file->tried) return file->module;
  file->tried = true;
  file->callbacks.find_elf = find_nothing;
  file->callbacks.find_debuginfo = find_debug;
  file->callbacks.section_address = dwfl_offline_section_address;
  file->dwfl = dwfl_begin(&file->callbacks);
  if (file->dwfl == NULL) return NULL;
  int descriptor = dup(file->descriptor);
  Dwfl_Module *module = dwfl_report_offline(file->dwfl, "kernel", "kernel", descriptor);
  if (module == NULL) {
    close(descriptor);
    return NULL;
  }
  dwfl_report_end(file->dwfl, NULL, NULL);
  void **data = NULL;
  dwfl_module_info(module, &data, NULL, NULL, NULL, NULL, NULL, NULL);
  if (data != NULL) *data = file;
  file->module = module;
  return module;
}

// The address of a function in the file's own symbols; false when there is none, or several.
static bool locate_own(celf *file, const char *name, uint64_t *address) {
  GElf_Shdr table;
  Elf_Data *data = symbol_table(file, &table);
  bool found = false;
  for (size_t i = 1; data != NULL && i < symbol_count(data, &table); i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, (int)i, &symbol) == NULL) break;
    if (!is_code(&symbol)) continue;
    const char *text = elf_strptr(file->elf, table.sh_link, symbol.st_name);
    if (text == NULL || strcmp(text, name) != 0) continue;
    if (found && symbol.st_value != *address) return false;
    *address = symbol.st_value;
    found = true;
  }
  return found;
}

// The address of a function as libdwfl lays the file out; `hint` is its address in the file, 0 when not known.
static bool locate(celf *file, Dwfl_Module *module, const char *name, uint64_t hint, GElf_Addr *address) {
  if (!celf_is_relocatable(file)) {
    uint64_t own = hint;
    GElf_Addr bias = 0;
    if (own == 0 && !locate_own(file, name, &own)) return false;
    if (dwfl_module_getelf(module, &bias) == NULL) return false;
    *address = own + bias;
    return true;
  }
  int count = dwfl_module_getsymtab(module);
  bool found = false;
  for (int i = 1; i < count; i++) {
    GElf_Sym symbol;
    GElf_Addr place;
    const char *text = dwfl_module_getsym_info(module, i, &symbol, &place, NULL, NULL, NULL);
    if (text == NULL || strcmp(text, name) != 0 || !is_code(&symbol)) continue;
    // Two functions of one name: which is meant is not known.
    if (found && place != *address) return false;
    *address = place;
    found = true;
  }
  return found;
}

static void copy_path(char *room, const char *path, const char *folder) {
  if (path == NULL) path = "";
  if (folder != NULL && folder[0] == '/') {
    size_t length = strlen(folder);
    if (strncmp(path, folder, length) == 0 && path[length] == '/') path += length + 1;
  }
  while (path[0] == '.' && path[1] == '/') path += 2;
  copy_text(room, path);
}

static const char *folder_of(Dwarf_Die *unit) {
  Dwarf_Attribute attribute;
  return dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}


static const char *function_name(Dwarf_Die *die) {
  Dwarf_Attribute attribute;
  const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));
  return name != NULL ? name : dwarf_diename(die);
}

static Dwarf_Word number(Dwarf_Die *die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  return dwarf_formudata(dwarf_attr(die, name, &attribute), &value) == 0 ? value : 0;
}

// The scopes around an address, innermost first, with those that inlined functions were put into.
static int scopes_at(Dwfl_Module *module, Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die **scopes) {
  Dwarf_Die *around = NULL;
  if (dwarf_getscopes(unit, address, &around) <= 0) return 0;
  Dwarf_Addr bias;
  Dwarf_Die inner;
  Dwarf *debug = dwfl_module_getdwarf(module, &bias);
  bool isFound = debug != NULL && dwarf_offdie(debug, dwarf_dieoffset(&around[0]), &inner) != NULL;
  free(around);
  int count = isFound ? dwarf_getscopes_die(&inner, scopes) : 0;
  return count < 0 ? 0 : count;
}

size_t celf_lines(celf *file, const char *name, uint64_t hint, uint64_t offset, celf_line *lines,
                  size_t room) {
  Dwfl_Module *module = module_of(file);
  GElf_Addr address;
  if (module == NULL || room == 0 || !locate(file, module, name, hint, &address)) return 0;
  address += offset;
  Dwfl_Line *line = dwfl_module_getsrc(module, address);
  if (line == NULL) return 0;
  Dwarf_Addr bias;
  Dwarf_Die *unit = dwfl_module_addrdie(module, address, &bias);
  const char *folder = dwfl_line_comp_dir(line);
  int row = 0;
  copy_path(lines[0].file, dwfl_lineinfo(line, NULL, &row, NULL, NULL, NULL), folder);
  lines[0].line = row;
  lines[0].is_inlined = false;
  copy_text(lines[0].function, name);
  size_t filled = 1;
  Dwarf_Die *scopes = NULL;
  Dwarf_Files *files = NULL;
  int count = unit == NULL ? 0 : scopes_at(module, unit, address - bias, &scopes);
  if (count <= 0 || dwarf_getsrcfiles(unit, &files, NULL) != 0) goto out;
  if (folder == NULL) folder = folder_of(unit);
  for (int i = 0; i < count && i < scope_limit && filled < room; i++) {
    if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine) continue;
    const char *inlined = function_name(&scopes[i]);
    copy_text(lines[filled - 1].function, inlined == NULL ? "?" : inlined);
    lines[filled - 1].is_inlined = true;
    copy_path(
        lines[filled].file, dwarf_filesrc(files, number(&scopes[i], DW_AT_call_file), NULL, NULL), folder);
    lines[filled].line = (int)number(&scopes[i], DW_AT_call_line);
    lines[filled].is_inlined = false;
    copy_text(lines[filled].function, name);
    filled++;
  }
out:
  free(scopes);
  return filled;
}
