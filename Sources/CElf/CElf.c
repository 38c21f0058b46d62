#define _GNU_SOURCE
#include "CElfParts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void celf_copy_text(char *room, const char *text) {
  size_t length = text == NULL ? 0 : strnlen(text, CELF_TEXT - 1);
  if (length > 0) memcpy(room, text, length);
  room[length] = 0;
}

celf *celf_open(int descriptor, const char *debug) {
  if (descriptor < 0) return NULL;
  elf_version(EV_CURRENT);
  celf *file = calloc(1, sizeof *file);
  if (file == NULL) {
    close(descriptor);
    return NULL;
  }
  descriptor = celf_plain_sections(descriptor);
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

const void *celf_section(celf *file, const char *name, size_t *count) {
  size_t names;
  if (elf_getshdrstrndx(file->elf, &names) != 0) return NULL;
  Elf_Scn *section = NULL;
  while ((section = elf_nextscn(file->elf, section)) != NULL) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == NULL || header.sh_type == SHT_NOBITS) continue;
    const char *found = elf_strptr(file->elf, names, header.sh_name);
    if (found == NULL || strcmp(found, name) != 0) continue;
    Elf_Data *data = elf_rawdata(section, NULL);
    if (data == NULL || data->d_buf == NULL) return NULL;
    *count = data->d_size;
    return data->d_buf;
  }
  return NULL;
}
