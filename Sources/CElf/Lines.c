#define _GNU_SOURCE
#include "CElfParts.h"

#include <dwarf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// More inlined functions than this at one address are damage.
enum { scope_limit = 64 };

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
  descriptor = celf_plain_sections(descriptor);
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
  Elf_Data *data = celf_symbol_table(file, &table);
  bool found = false;
  for (size_t i = 1; data != NULL && i < celf_symbol_count(data, &table); i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, (int)i, &symbol) == NULL) break;
    if (!celf_is_code(&symbol)) continue;
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
    if (text == NULL || strcmp(text, name) != 0 || !celf_is_code(&symbol)) continue;
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
  celf_copy_text(room, path);
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
  celf_copy_text(lines[0].function, name);
  size_t filled = 1;
  Dwarf_Die *scopes = NULL;
  Dwarf_Files *files = NULL;
  int count = unit == NULL ? 0 : scopes_at(module, unit, address - bias, &scopes);
  if (count <= 0 || dwarf_getsrcfiles(unit, &files, NULL) != 0) goto out;
  if (folder == NULL) folder = folder_of(unit);
  for (int i = 0; i < count && i < scope_limit && filled < room; i++) {
    if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine) continue;
    const char *inlined = function_name(&scopes[i]);
    celf_copy_text(lines[filled - 1].function, inlined == NULL ? "?" : inlined);
    lines[filled - 1].is_inlined = true;
    copy_path(
        lines[filled].file, dwarf_filesrc(files, number(&scopes[i], DW_AT_call_file), NULL, NULL), folder);
    lines[filled].line = (int)number(&scopes[i], DW_AT_call_line);
    lines[filled].is_inlined = false;
    celf_copy_text(lines[filled].function, name);
    filled++;
  }
out:
  free(scopes);
  return filled;
}
