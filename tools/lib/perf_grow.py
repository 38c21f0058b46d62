"""Makes a long perf.data of a short one: its samples again and again, each time later; called by tools/bench.

Layout: tools/perf/Documentation/perf.data-file-format.txt and include/uapi/linux/perf_event.h of Linux 6.1.
"""

import struct
import sys

SAMPLE, FINISHED_ROUND = 9, 68
IDENTIFIER, IP, TID, TIME = 1 << 16, 1, 2, 4
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


def later(data, offset, shift):
    """The same records, `shift` nanoseconds later."""
    moved = bytearray(data)
    at = 0
    while at < len(moved):
        kind, _, size = struct.unpack_from("<IHH", moved, at)
        if kind == SAMPLE:
            time = struct.unpack_from("<Q", moved, at + offset)[0]
            struct.pack_into("<Q", moved, at + offset, time + shift)
        at += size
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
    begin = min(struct.unpack_from("<Q", again, at + offset)[0] for at in places(again))
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
            output.write(later(again, offset, copy * (span - begin)))
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
