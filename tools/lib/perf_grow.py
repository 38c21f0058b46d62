"""Makes a long perf.data of a short one: its samples again and again, each time later and of other pages, as a machine
that goes on working would; called by tools/bench.

Layout: tools/perf/Documentation/perf.data-file-format.txt and include/uapi/linux/perf_event.h of Linux 6.1.
"""

import re
import struct
import sys

SAMPLE, FINISHED_ROUND = 9, 68
IDENTIFIER, IP, TID, TIME, CALLCHAIN, RAW = 1 << 16, 1, 2, 4, 1 << 5, 1 << 10
# What stands before a call chain: the bits of sample_type with one word each.
WORDS = (IDENTIFIER, IP, TID, TIME, 1 << 3, 1 << 6, 1 << 9, 1 << 7, 1 << 8)
READ = 1 << 4
# Fields that name a page, and what a page is worth there: 64 bytes of struct page, 4,096 of a page table entry.
PAGE_FIELDS = {b"pfn": 1, b"page": 64, b"spte": 4096, b"old_spte": 4096, b"new_spte": 4096}
RETURNS_PFN = b"hva_to_pfn_ret"
# Each copy uses the frames behind those of the one before; 4 GiB is more than the small one's machine has.
PAGES_A_COPY = 1 << 20
NO_FRAME = 1 << 52
# magic, size, size of an attr; sections of attrs, data and event types, each with offset and size; 256 bits of features
HEADER = struct.Struct("<8sQQ6Q4Q")


def samples(data, offset):
    """(records that only the first copy has, samples and rounds, last time); `offset` is where a sample has its time."""
    once, again, last = bytearray(), bytearray(), 0
    at = 0
    while at + 8 <= len(data):
        kind, _, size = struct.unpack_from("<IHH", data, at)
        if size < 8:
            break
        record = data[at:at + size]
        if kind == SAMPLE:
            last = max(last, struct.unpack_from("<Q", record, offset)[0])
        if kind in (SAMPLE, FINISHED_ROUND):
            again += record
        else:
            once += record
        at += size
    return bytes(once), bytes(again), last


def page_fields(whole):
    """By event id: (offset, pages' worth) of the fields that name a page, from the format descriptions in the file."""
    found = {}
    for name, number, fields in re.findall(rb"name: (\S+)\nID: (\d+)\nformat:\n(.*?)\nprint fmt", whole, re.S):
        for field, offset, size in re.findall(rb"field:[^;]*?(\w+);\s*offset:(\d+);\s*size:(\d+)", fields):
            worth = 1 if field == b"ret" and name == RETURNS_PFN else PAGE_FIELDS.get(field)
            if worth and size == b"8":
                found.setdefault(int(number), []).append((int(offset), worth))
    return found


def page_places(data, kinds, fields):
    """(place, pages' worth) of all that names a page in the samples' raw data."""
    if kinds & READ or not kinds & RAW:
        return
    words = sum(1 for bit in WORDS if kinds & bit)
    for at in places(data):
        raw = at + 8 + 8 * words
        if kinds & CALLCHAIN:
            raw += 8 + 8 * struct.unpack_from("<Q", data, raw)[0]
        raw += 4
        for offset, worth in fields.get(struct.unpack_from("<H", data, raw)[0], ()):
            value = struct.unpack_from("<Q", data, raw + offset)[0]
            if value and (worth != 1 or value < NO_FRAME):
                yield raw + offset, worth


def later(data, times, pages, shift, frames):
    """The same records, `shift` nanoseconds later and `frames` page frames higher."""
    moved = bytearray(data)
    for at in times:
        struct.pack_into("<Q", moved, at, struct.unpack_from("<Q", moved, at)[0] + shift)
    for at, worth in pages:
        value = struct.unpack_from("<Q", moved, at)[0] + frames * worth
        struct.pack_into("<Q", moved, at, value & (1 << 64) - 1)
    return moved


def grow(source, target, copies):
    with open(source, "rb") as file:
        whole = file.read()
    fields = list(HEADER.unpack_from(whole))
    if fields[0] != b"PERFILE2":
        raise SystemExit(f"perf_grow: {source}: not a perf.data of this byte order")
    start, size = fields[5], fields[6]
    # The first attr speaks for all: perf gives the events of one command the same layout.
    kinds = struct.unpack_from("<Q", whole, fields[3] + 24)[0]
    if not kinds & TIME:
        raise SystemExit("perf_grow: samples without a time")
    offset = 8 + 8 * bool(kinds & IDENTIFIER) + 8 * bool(kinds & IP) + 8 * bool(kinds & TID)
    once, again, last = samples(whole[start:start + size], offset)
    span = last + 1_000_000
    times = [at + offset for at in places(again)]
    begin = min(struct.unpack_from("<Q", again, at)[0] for at in times)
    pages = list(page_places(again, kinds, page_fields(whole)))
    tail = bytearray(whole[start + size:])
    features = sum(bin(word).count("1") for word in fields[9:13])
    grown = len(once) + copies * len(again)
    for feature in range(features):
        place = struct.unpack_from("<Q", tail, feature * 16)[0]
        struct.pack_into("<Q", tail, feature * 16, place + grown - size)
    fields[6] = grown
    with open(target, "wb") as output:
        head = bytearray(whole[:start])
        HEADER.pack_into(head, 0, *fields)
        output.write(head + once)
        for copy in range(copies):
            output.write(later(again, times, pages, copy * (span - begin), copy * PAGES_A_COPY))
        output.write(tail)


def places(data):
    at = 0
    while at < len(data):
        kind, _, size = struct.unpack_from("<IHH", data, at)
        if kind == SAMPLE:
            yield at
        at += size


if __name__ == "__main__":
    grow(sys.argv[1], sys.argv[2], int(sys.argv[3]))
