#!/usr/bin/env python3
"""Makes small type information (BTF) of a kernel's: what probes on some functions need, with the kernel's own offsets.

    tools/lib/small_types.py KERNEL OUT FUNCTION... [--whole STRUCT]... [--names TYPEDEF]...

KERNEL is a file of BTF or one that holds it, such as the Image of an arm64 kernel, packed by gzip or not. Structs that --whole names keep
their members; all others become names of their size. fixtures/README.md says what was made with it.
"""

import argparse
import gzip
import pathlib
import struct

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF = range(1, 9)
VOLATILE, CONST, RESTRICT, FUNC, PROTO = range(9, 14)
TYPE_TAG, ENUM64 = 18, 19
TAIL = {1: 4, 3: 12, 14: 4, 17: 4}
EACH = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}


def section(data):
    """The type information in a file."""
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    at = -1
    while (at := data.find(b"\x9f\xeb\x01\x00\x18\0\0\0", at + 1)) >= 0:
        start, size, text, length = struct.unpack_from("<4I", data, at + 8)
        if start == 0 and text == size > 1 << 16 and at + 24 + text + length <= len(data):
            return data[at : at + 24 + text + length]
    raise SystemExit("no type information in this file")


class Types:
    """All types of a kernel, by their numbers."""

    def __init__(self, data):
        size, text = struct.unpack_from("<2I", data, 12)
        self.strings = data[24 + text :]
        self.types = [None]
        at, end = 24, 24 + size
        while at < end:
            name, info, third = struct.unpack_from("<3I", data, at)
            kind, count = info >> 24 & 31, info & 0xFFFF
            length = TAIL.get(kind, EACH.get(kind, 0) * count)
            tail = struct.unpack_from(f"<{length // 4}I", data, at + 12)
            self.types.append((self.string(name), kind, info, third, tail))
            at += 12 + length

    def string(self, offset):
        """A name."""
        return self.strings[offset : self.strings.index(b"\0", offset)]


class Small:
    """The types that were asked for, renumbered."""

    def __init__(self, all_types, whole):
        self.all, self.whole = all_types.types, whole
        self.numbers, self.made, self.strings = {0: 0}, [], b"\0"

    def text(self, name):
        """Where a string is among the new ones."""
        if not name:
            return 0
        if b"\0" + name + b"\0" not in self.strings:
            self.strings += name + b"\0"
        return self.strings.index(b"\0" + name + b"\0") + 1

    def add(self, number):
        """A type and all that it leads to; returns its new number."""
        if number in self.numbers:
            return self.numbers[number]
        name, kind, info, third, tail = self.all[number]
        self.made.append(None)
        new = self.numbers[number] = len(self.made)
        if kind in (STRUCT, UNION):
            if name and name not in self.whole:
                info, tail = kind << 24, ()
            size = len(tail) // 3
            words = [(self.text(self.label(tail[3 * i])), self.add(tail[3 * i + 1]), tail[3 * i + 2]) for i in range(size)]
            tail = [word for member in words for word in member]
        elif kind == PROTO:
            pairs = [(self.text(self.label(tail[i])), self.add(tail[i + 1])) for i in range(0, len(tail), 2)]
            third, tail = self.add(third), [word for pair in pairs for word in pair]
        elif kind == ARRAY:
            tail = [self.add(tail[0]), self.add(tail[1]), tail[2]]
        elif kind in (ENUM, ENUM64):
            info, tail = kind << 24, ()
        elif kind == PTR and self.all[third] and self.all[third][1] == PROTO:
            third = 0
        elif kind in (PTR, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, TYPE_TAG):
            third = self.add(third)
        self.made[new - 1] = struct.pack(f"<{3 + len(tail)}I", self.text(name), info, third, *tail)
        return new

    label = None

    def bytes(self):
        """The file."""
        types = b"".join(self.made)
        head = struct.pack("<HBBI4I", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(self.strings))
        return head + types + self.strings


def main():
    """Reads one kernel, writes one small file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kernel", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("function", nargs="+")
    parser.add_argument("--whole", action="append", default=[])
    parser.add_argument("--names", action="append", default=[])
    options = parser.parse_intermixed_args()
    every = Types(section(options.kernel.read_bytes()))
    small = Small(every, {name.encode() for name in options.whole})
    small.label = every.string
    wanted = {(FUNC, name.encode()) for name in options.function} | {(STRUCT, name.encode()) for name in options.whole}
    for number, found in enumerate(every.types):
        if found and (found[1], found[0]) in wanted:
            small.add(number)
        elif found and found[1] == TYPEDEF and found[0].decode() in options.names:
            small.made.append(struct.pack("<3I", small.text(found[0]), TYPEDEF << 24, 0))
    options.out.write_bytes(small.bytes())


if __name__ == "__main__":
    main()
