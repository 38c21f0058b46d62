"""Makes a perf.data of a trace.dat: the same records, as `perf record` would have written them; called by tools/bench.

No kept tool converts one to the other. Reads version 6, as `trace-cmd convert --file-version 6` writes it (Documentation/
trace-cmd/trace-cmd.dat.v6.5.txt of trace-cmd 3.1.6; kernel/trace/ring_buffer.c of Linux 6.1 for sub-buffers). Writes one
attribute a tracepoint, samples in rounds, and the descriptions of the trace.dat as tracing data (tools/perf/util/header.c,
tools/perf/util/trace-event-read.c, 6.1).
"""

import os
import struct
import sys

MAGIC = b"\x17\x08Dtracing"
HEADER = struct.Struct("<8sQQ6Q4Q")
ATTRIBUTE = struct.Struct("<IIQQQQQ")
ATTRIBUTE_SIZE, HEADER_SIZE = 128, 104
SAMPLE, FINISHED_ROUND, KERNEL = 9, 68, 1
# IP, TID, TIME, CPU, PERIOD, RAW, IDENTIFIER; TOTAL_TIME and ID; sample_id_all
SAMPLE_TYPE, READ_FORMAT, FLAGS = 0x10587, 0, 1 << 18
TRACING_DATA = 1
# What stands before the raw data: header, id, ip, pid, tid, time, cpu, reserved, period, size
BODY = struct.Struct("<IHHQQIIQIIQI")
ROUND = 5_000_000


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def number(self, size):
        self.at += size
        return int.from_bytes(self.data[self.at - size:self.at], "little")

    def skip(self, size):
        self.at += size

    def string(self):
        end = self.data.index(b"\0", self.at)
        text = self.data[self.at:end]
        self.at = end + 1
        return text


def describe(data):
    """(descriptions as perf's tracing data has them, [(offset, size) of each CPU's data], bytes of a sub-buffer)"""
    reader = Reader(data)
    if not data.startswith(MAGIC):
        raise SystemExit("perf_of: no trace.dat")
    reader.skip(len(MAGIC))
    if reader.string() != b"6":
        raise SystemExit("perf_of: not version 6")
    start = reader.at
    reader.skip(2)
    page = reader.number(4)
    for _ in range(2):
        reader.string()
        reader.skip(reader.number(8))
    for _ in range(reader.number(4)):
        reader.skip(reader.number(8))
    for _ in range(reader.number(4)):
        reader.string()
        for _ in range(reader.number(4)):
            reader.skip(reader.number(8))
    for _ in range(2):
        reader.skip(reader.number(4))
    reader.skip(reader.number(8))
    tracing = MAGIC + b"0.6\0" + data[start:reader.at]
    cpus = reader.number(4)
    while (section := data[reader.at:reader.at + 10]) == b"options  \0":
        reader.skip(10)
        while reader.number(2):
            reader.skip(reader.number(4))
    if section != b"flyrecord\0":
        raise SystemExit("perf_of: no per-CPU data")
    reader.skip(10)
    return tracing, [(reader.number(8), reader.number(8)) for _ in range(cpus)], page


def records(data, begin, size, page):
    """(time, offset, length) of a CPU's records."""
    word = struct.Struct("<I").unpack_from
    for start in range(begin, begin + size, page):
        time, commit = struct.unpack_from("<QQ", data, start)
        at = start + 16
        end = at + (commit & 0xfffff)
        while at + 4 <= end:
            head = word(data, at)[0]
            kind, delta = head & 31, head >> 5
            at += 4
            if kind == 30:
                time += delta | word(data, at)[0] << 27
                at += 4
                continue
            if kind == 31:
                time = delta | word(data, at)[0] << 27 | time >> 59 << 59
                at += 4
                continue
            time += delta
            if kind == 29:
                if delta == 0:
                    break
                at += word(data, at)[0]
                continue
            length = kind * 4
            if kind == 0:
                length = word(data, at)[0] - 4
                at += 4
            yield time, at, length
            at += length


def rounds(data, cpus, page, limit):
    """The records in the order in which perf would have emptied the CPUs' buffers; None ends a round."""
    streams = [records(data, begin, size, page) for begin, size in cpus]
    heads = [next(stream, None) for stream in streams]
    left = limit
    while left > 0 and any(heads):
        until = min(head[0] for head in heads if head) + ROUND
        for cpu, stream in enumerate(streams):
            while heads[cpu] and heads[cpu][0] < until and left > 0:
                yield cpu, heads[cpu]
                heads[cpu] = next(stream, None)
                left -= 1
        yield None


def samples(data, cpus, page, limit, ids):
    """Bytes of the records of the file; `ids` learns the tracepoints."""
    pack = BODY.pack
    for item in rounds(data, cpus, page, limit):
        if item is None:
            yield struct.pack("<IHH", FINISHED_ROUND, 0, 8)
            continue
        cpu, (time, at, length) = item
        raw = data[at:at + length]
        kind = raw[0] | raw[1] << 8
        number = ids.setdefault(kind, len(ids) + 1)
        task = int.from_bytes(raw[4:8], "little")
        room = -(-(length + 4) // 8) * 8 - 4
        yield pack(SAMPLE, KERNEL, BODY.size + room, number, 0, task, task, time, cpu, 0, 1, room)
        yield raw.ljust(room, b"\0")


def convert(source, target, limit):
    with open(source, "rb") as file:
        data = file.read()
    tracing, cpus, page = describe(data)
    ids = {}
    body = target + ".body"
    with open(body, "wb") as output:
        size = sum(output.write(piece) for piece in samples(data, cpus, page, limit, ids))
    entry = ATTRIBUTE_SIZE + 16
    names = HEADER_SIZE + len(ids) * 8
    start = names + len(ids) * entry
    with open(target, "wb") as output:
        output.write(HEADER.pack(b"PERFILE2", HEADER_SIZE, entry, names, len(ids) * entry, start, size,
                                 0, 0, 1 << TRACING_DATA, 0, 0, 0))
        for number in ids.values():
            output.write(struct.pack("<Q", number))
        for place, kind in enumerate(ids):
            attribute = ATTRIBUTE.pack(2, ATTRIBUTE_SIZE, kind, 1, SAMPLE_TYPE, READ_FORMAT, FLAGS)
            output.write(attribute.ljust(ATTRIBUTE_SIZE, b"\0") + struct.pack("<QQ", HEADER_SIZE + place * 8, 8))
        with open(body, "rb") as part:
            while chunk := part.read(1 << 20):
                output.write(chunk)
        output.write(struct.pack("<QQ", start + size + 16, len(tracing)) + tracing)
    os.unlink(body)


if __name__ == "__main__":
    convert(sys.argv[1], sys.argv[2], int(sys.argv[3]))
