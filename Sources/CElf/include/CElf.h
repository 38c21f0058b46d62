// What the symbols of a kernel need of libelf and libdw: an ELF file is opened, asked, closed.
//
// Nothing here trusts the file: a question about a damaged one has no answer.
#ifndef CELF_H
#define CELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELF_TEXT 256

typedef struct celf celf;

// One symbol; the name is cut when it is longer than the room.
typedef struct {
  uint64_t address;
  char name[CELF_TEXT];
} celf_symbol;

// One function of the code at an address; the innermost comes first.
typedef struct {
  char function[CELF_TEXT];
  char file[CELF_TEXT];
  int line;
  bool is_inlined;
} celf_line;

// Opens the file behind a descriptor, which it takes over. `debug` is a folder with `.build-id/xx/rest.debug` files, or NULL.
// NULL when it is no ELF file.
celf *celf_open(int descriptor, const char *debug);

// Opens a file that lies in memory; the bytes are copied.
celf *celf_open_bytes(const void *bytes, size_t count, const char *debug);

void celf_close(celf *file);

// True for an object whose sections have no addresses yet, such as a kernel module.
bool celf_is_relocatable(const celf *file);

// The GNU build id: its length, 0 when the file has none, at most `room`.
size_t celf_build_id(celf *file, uint8_t *id, size_t room);

// The bytes of a section, valid until the file is closed; NULL when there is none of that name.
const void *celf_section(celf *file, const char *name, size_t *count);

// The address of the code at an offset of the file, for programs that run; false where the file has no code there.
bool celf_file_address(celf *file, uint64_t offset, uint64_t *address);

// The address of a symbol with this name; false when there is none.
bool celf_address(celf *file, const char *name, uint64_t *address);

// The functions of the file as kallsyms lists them, a line each, in memory that the caller frees; NULL when there are none.
char *celf_listing(celf *file, size_t *count);

// For each of `count` ascending addresses the function that it lies in; an empty name when there is none. In a relocatable file
// addresses count from the start of the code as the kernel lays it out.
void celf_find(celf *file, const uint64_t *addresses, size_t count, celf_symbol *found);

// The functions and lines at a symbol plus an offset; returns how many of `room` were filled. `hint` is the symbol's address in the
// file, 0 when only its name is known.
size_t celf_lines(celf *file, const char *name, uint64_t hint, uint64_t offset, celf_line *lines,
                  size_t room);

#endif
