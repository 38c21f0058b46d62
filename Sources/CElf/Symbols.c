#define _GNU_SOURCE
#include "CElfParts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The table of symbols: the whole one if the file has it, else that of dynamic linking.
Elf_Data *celf_symbol_table(celf *file, GElf_Shdr *table) {
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

size_t celf_symbol_count(const Elf_Data *data, const GElf_Shdr *table) {
  size_t count = data->d_size / table->sh_entsize;
  return count > INT32_MAX ? INT32_MAX : count;
}

bool celf_address(celf *file, const char *name, uint64_t *address) {
  GElf_Shdr table;
  Elf_Data *data = celf_symbol_table(file, &table);
  if (data == NULL) return false;
  for (size_t i = 1; i < celf_symbol_count(data, &table); i++) {
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

bool celf_is_code(const GElf_Sym *symbol) {
  int type = GELF_ST_TYPE(symbol->st_info);
  return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
         (type == STT_FUNC || type == STT_NOTYPE || type == STT_GNU_IFUNC);
}

// What a list of symbols may come to.
enum { listing_limit = 1 << 28 };

char *celf_listing(celf *file, size_t *count) {
  GElf_Shdr table;
  Elf_Data *data = celf_symbol_table(file, &table);
  char *text = NULL;
  size_t room = 0;
  FILE *stream = data == NULL ? NULL : open_memstream(&text, &room);
  if (stream == NULL) return NULL;
  for (size_t i = 1; i < celf_symbol_count(data, &table); i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, (int)i, &symbol) == NULL || ftell(stream) > listing_limit) break;
    const char *name = elf_strptr(file->elf, table.sh_link, symbol.st_name);
    if (!celf_is_code(&symbol) || symbol.st_value == 0 || name == NULL || name[0] == 0) continue;
    fprintf(stream, "%016llx t %.511s\n", (unsigned long long)symbol.st_value, name);
  }
  if (fclose(stream) != 0) {
    free(text);
    return NULL;
  }
  *count = room;
  return text;
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
  Elf_Data *data = celf_symbol_table(file, &table);
  GElf_Sym *best = calloc(count + 1, sizeof *best);
  const char **names = calloc(count + 1, sizeof *names);
  size_t sections = 0;
  uint64_t *places = celf_is_relocatable(file) ? section_places(file, &sections) : NULL;
  if (data == NULL || best == NULL || names == NULL || count == 0) goto out;
  for (size_t i = 1; i < celf_symbol_count(data, &table); i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, (int)i, &symbol) == NULL) break;
    if (!celf_is_code(&symbol)) continue;
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
    celf_copy_text(found[i].name, names[i]);
  }
out:
  free(places);
  free(names);
  free(best);
}
