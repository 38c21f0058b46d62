// What the parts of CElf share; nothing of it is seen from outside.
#ifndef CELF_PARTS_H
#define CELF_PARTS_H

#include "CElf.h"

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <gelf.h>

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

// Fills a room of CELF_TEXT bytes; long text is cut, NULL is empty.
void celf_copy_text(char *room, const char *text);

// The same file with sections that are packed by zstd in plain; takes the descriptor over and gives one back.
int celf_plain_sections(int descriptor);

// The table of symbols: the whole one if the file has it, else that of dynamic linking; NULL for none.
Elf_Data *celf_symbol_table(celf *file, GElf_Shdr *table);

// How many symbols a table has room for.
size_t celf_symbol_count(const Elf_Data *data, const GElf_Shdr *table);

// True for a function, or what assembly has in place of one.
bool celf_is_code(const GElf_Sym *symbol);

#endif
