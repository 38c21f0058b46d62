"""Feeds one pageledger with inputs that are made to break it: bombs, sparse files, counts that no machine has, and files that fail.

Each case makes its files in a folder of its own and says what must come of them: exit codes, words, seconds and memory.
"""

import argparse
import gzip
import io
import multiprocessing
import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

MIB = 1 << 20
CASES = []
HEAD = b"# tracer: nop\n#\n"
DOCUMENTED = (0, 1, 2, 3)


def line(number, body="mm_page_free: page=0000000000000001 pfn=0x1400 order=0", cpu=0):
    return f"  t-1  [{cpu:03}] d..2.  1.{100000 + number:06}: {body}\n".encode()


TEXT = HEAD + b"".join(line(n) for n in range(40))


def case(codes=DOCUMENTED, words=None, seconds=20, memory=400, whole=False):
    """Registers a case; `whole` cases run with --all only. Memory in MiB, of the largest process. `seconds` may be a function of --all."""

    def add(make):
        CASES.append((make.__name__.replace("_", "-"), make, codes, words, seconds, memory, whole))
        return make

    return add


def inflation(chunks):
    """Twice the seconds that zlib alone takes for so many chunks of 64 MiB of zeros."""
    packed = zlib.compress(b"\0" * (64 * MIB))
    start = time.process_time()
    zlib.decompress(packed, bufsize=64 * MIB)
    return 10 + round(2 * chunks * (time.process_time() - start))


def write(path, *pieces):
    with open(path, "wb") as file:
        for piece in pieces:
            file.write(piece)
    return path


def sparse(path, head, size=1 << 40, tail=b""):
    """A file that claims a terabyte, or what the file system takes."""
    with open(path, "wb") as file:
        file.write(head)
        while size > MIB:
            try:
                file.truncate(size)
                break
            except OSError:
                size //= 2
        if tail:
            file.seek(size)
            file.write(tail)
    return path


# trace.dat


def formats(order="<"):
    """Formats of two events, as sections of a trace.dat hold them."""
    common = (
        "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
        "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
        "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
        "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
    )
    free = (
        "name: mm_page_free\nID: 11\nformat:\n" + common
        + "\tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;\n"
        "\tfield:unsigned int order;\toffset:16;\tsize:4;\tsigned:0;\n\nprint fmt: \"x\"\n"
    ).encode()
    alloc = (
        "name: mm_page_alloc\nID: 10\nformat:\n" + common
        + "\tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;\n"
        "\tfield:unsigned int order;\toffset:16;\tsize:4;\tsigned:0;\n"
        "\tfield:unsigned long gfp_flags;\toffset:24;\tsize:8;\tsigned:0;\n"
        "\tfield:int migratetype;\toffset:32;\tsize:4;\tsigned:1;\n\nprint fmt: \"x\"\n"
    ).encode()
    texts = b"".join(struct.pack(order + "Q", len(text)) + text for text in (alloc, free))
    return struct.pack(order + "I", 1) + b"kmem\0" + struct.pack(order + "I", 2) + texts


def header_page(size=4096):
    text = (
        "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
        "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
        "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
        f"\tfield: char data;\toffset:16;\tsize:{size - 16};\tsigned:1;\n"
    ).encode()
    return b"header_page\0" + struct.pack("<Q", len(text)) + text + b"header_event\0" + struct.pack("<Q", 0)


def sub_buffer(start=1000, records=20, size=4096):
    body = b""
    for number in range(records):
        body += struct.pack("<I", 7 << 5 | 6)
        body += struct.pack("<HBBiQII", 11, 0, 0, 1, 0x1400 + number, 0, 0)
    page = struct.pack("<QQ", start, len(body)) + body
    return page + b"\0" * (size - len(page))


def version6(cpus, table, head=None, options=b"", size=4096):
    """A trace.dat of version 6; `table` gives (offset, size) pairs for the place where the data starts."""
    out = b"\x17\x08\x44tracing6\0\0\x08" + struct.pack("<I", size)
    out += header_page(size) if head is None else head
    out += struct.pack("<I", 0) + formats() + struct.pack("<II", 0, 0) + struct.pack("<Q", 0)
    out += struct.pack("<I", cpus) + b"options  \0" + options + struct.pack("<H", 0) + b"flyrecord\0"
    rows = table(0)
    place = (len(out) + 16 * len(rows) + 4095) // 4096 * 4096
    out += b"".join(struct.pack("<QQ", *row) for row in table(place))
    return out + b"\0" * (place - len(out))


def section(number, body, compressed=False):
    return struct.pack("<HHIQ", number, int(compressed), 0, len(body)) + body


def version7(data, extents, instances=((b"", 0),), packed=b"zlib\0" b"1.2\0", first=None, cpu_sub_buffer=4096):
    """A trace.dat of version 7 whose section of sub-buffers holds `data`; `extents` are (cpu, offset in data, size)."""
    out = b"\x17\x08\x44tracing7\0\0\x08" + struct.pack("<I", 4096) + packed
    place = len(out)
    out += struct.pack("<Q", 0)
    marks = {}
    for number, body in ((16, header_page()), (17, struct.pack("<I", 0)), (18, formats()), (21, struct.pack("<Q", 0))):
        marks[number] = len(out)
        out += section(number, body)
    out += b"\0" * (-(len(out) + 16) % 4096)
    start = len(out)
    out += section(3, data, packed[:4] != b"none")
    options = b""
    for number, offset in marks.items():
        options += struct.pack("<HIQ", number, 8, offset)
    for name, _ in instances:
        rows = b"".join(struct.pack("<IQQ", cpu, start + 16 + at, size) for cpu, at, size in extents)
        buffer = struct.pack("<Q", start) + name + b"\0local\0" + struct.pack("<II", cpu_sub_buffer, len(extents)) + rows
        options += struct.pack("<HI", 3, len(buffer)) + buffer
    options += struct.pack("<HIQ", 0, 8, 0)
    out = out[:place] + struct.pack("<Q", len(out) if first is None else first) + out[place + 8 :]
    return out + section(0, options)


def chunks(count, size):
    packed = zlib.compress(b"\0" * size, 9)
    piece = struct.pack("<II", len(packed), size) + packed
    return struct.pack("<I", count) + piece * count


@case(words="zeros|truncated|CLEAN|INCOMPLETE|FINDINGS")
def trace_dat_is_read(folder, all_):
    """The builder's files are sound, so that the others fail for what is wrong with them."""
    pages = sub_buffer() + sub_buffer(9000)
    write(folder / "a.dat", version6(1, lambda at: [(at, len(pages))]), pages)
    plain = version7(pages, [(0, 0, len(pages))], packed=b"none\0\0")
    write(folder / "b.dat", plain)
    return ["a.dat", "b.dat"]


@case(seconds=30)
def many_cpus_of_one_place(folder, all_):
    count = 65536 if all_ else 3000
    pages = sub_buffer() * 64
    return [write(folder / "a.dat", version6(count, lambda at: [(at, len(pages))] * count), pages)]


@case(seconds=60, memory=1500)
def many_cpus(folder, all_):
    count = 30000 if all_ else 1000
    pages = sub_buffer() * count
    return [write(folder / "a.dat", version6(count, lambda at: [(at + 4096 * n, 4096) for n in range(count)]), pages)]


@case(words="100000 CPUs|table")
def a_hundred_thousand_cpus(folder, all_):
    return [write(folder / "a.dat", version6(100000, lambda at: [(at, 4096)] * 100000), sub_buffer())]


@case()
def four_billion_cpus(folder, all_):
    return [sparse(folder / "a.dat", version6(0xFFFFFFFF, lambda at: [(at, 4096)]))]


@case(codes=(2,), words="corrupt|ends")
def section_of_half_a_terabyte(folder, all_):
    head = b"header_page\0" + struct.pack("<Q", 1 << 39)
    return [sparse(folder / "a.dat", version6(1, lambda at: [(at, 4096)], head=head))]


@case(codes=(2,), words="corrupt|ends")
def four_billion_formats(folder, all_):
    out = b"\x17\x08\x44tracing6\0\0\x08" + struct.pack("<I", 4096) + header_page()
    return [sparse(folder / "a.dat", out + struct.pack("<I", 0xFFFFFFFF))]


@case(codes=(2,), words="corrupt|ends")
def four_billion_event_groups(folder, all_):
    out = b"\x17\x08\x44tracing6\0\0\x08" + struct.pack("<I", 4096) + header_page()
    return [sparse(folder / "a.dat", out + struct.pack("<II", 0, 0xFFFFFFFF))]


@case()
def option_of_four_gigabytes(folder, all_):
    option = struct.pack("<HI", 2, 0xFFFFFFF0)
    return [sparse(folder / "a.dat", version6(1, lambda at: [(at, 4096)], options=option))]


@case(codes=(3,))
def sub_buffers_in_a_hole(folder, all_):
    whole = version6(1, lambda at: [(at, 1 << 39)])
    return [sparse(folder / "a.dat", whole + sub_buffer())]


@case()
def sections_in_a_hole(folder, all_):
    return [sparse(folder / "a.dat", version7(sub_buffer(), [(0, 0, 4096)], packed=b"none\0\0", first=0))]


@case(seconds=60, memory=1500)
def sub_buffers_of_four_megabytes(folder, all_):
    count = 4096 if all_ else 256
    head = header_page(1 << 22)
    return [sparse(folder / "a.dat", version6(count, lambda at: [(at + (n << 22), 1 << 22) for n in range(count)], head, size=1 << 22))]


def zeros(all_):
    return 400 if all_ else 40


@case(seconds=lambda all_: inflation(zeros(all_)), memory=1200)
def chunks_of_zeros(folder, all_):
    data = chunks(zeros(all_), 64 * MIB)
    return [write(folder / "a.dat", version7(data, [(0, 0, len(data))]))]


@case(codes=(2,), words="--max-expand")
def chunks_beyond_the_limit(folder, all_):
    data = chunks(40, 64 * MIB)
    write(folder / "a.dat", version7(data, [(0, 0, len(data))]))
    return ["--max-expand", "4M", "a.dat"]


@case(seconds=60, memory=1500)
def chunks_of_many_cpus(folder, all_):
    one = chunks(1, 64 * MIB)
    count = 2000 if all_ else 200
    extents = [(cpu, cpu * len(one), len(one)) for cpu in range(count)]
    return [write(folder / "a.dat", version7(one * count, extents))]


@case(seconds=30)
def many_instances(folder, all_):
    names = [(b"i%d" % n, 0) for n in range(4000)]
    return [write(folder / "a.dat", version7(sub_buffer(), [(0, 0, 4096)], names, packed=b"none\0\0"))]


@case()
def pieces_of_the_claimed_gigabyte(folder, all_):
    packed = zlib.compress(b"\0" * MIB)
    data = struct.pack("<III", 0xFFFFFFFF, len(packed), 0xFFFFF000) + packed
    return [write(folder / "a.dat", version7(data, [(0, 0, len(data))]))]


# perf.data


def perf_pipe(*records):
    attribute = struct.pack("<IIQQQQ", 2, 136, 12, 1, 0x10587, 0) + struct.pack("<Q", 1 << 18) + b"\0" * 88
    out = struct.pack("<QQ", 0x32454C4946524550, 16)
    return out + struct.pack("<IHH", 64, 0, 8 + len(attribute) + 8) + attribute + struct.pack("<Q", 100) + b"".join(records)


def zstd(data):
    run = subprocess.run(["zstd", "-q", "-c", "-19"], input=data, stdout=subprocess.PIPE, check=False)
    return run.stdout


def perf_compressed(data):
    packed = zstd(data)
    return struct.pack("<IHH", 81, 0, 8 + len(packed)) + packed


@case(codes=(2, 3))
def perf_bomb(folder, all_):
    if not shutil.which("zstd"):
        return None
    size = 1 << 30 if all_ else 200 * MIB
    return [write(folder / "a.data", perf_pipe(perf_compressed(b"\0" * size)))]


@case(seconds=90, memory=600)
def perf_bombs_of_records(folder, all_):
    if not shutil.which("zstd"):
        return None
    record = perf_compressed(struct.pack("<IHH", 68, 0, 8) * (4 * MIB))
    return [write(folder / "a.data", perf_pipe(*[record] * (200 if all_ else 3)))]


@case(codes=(2,), words="--max-expand")
def perf_beyond_the_limit(folder, all_):
    if not shutil.which("zstd"):
        return None
    record = perf_compressed(struct.pack("<IHH", 68, 0, 8) * (4 * MIB))
    write(folder / "a.data", perf_pipe(*[record] * 4))
    return ["--max-expand", "1M", "a.data"]


@case(memory=600)
def perf_attributes_that_share_numbers(folder, all_):
    count, numbers = 4000, (1 << 20 if all_ else 1 << 17)
    at = 104 + count * 152
    attribute = struct.pack("<IIQQQQ", 2, 136, 12, 1, 0x10587, 0) + b"\0" * 96 + struct.pack("<QQ", at, numbers * 8)
    head = struct.pack("<QQQ", 0x32454C4946524550, 104, 152)
    head += struct.pack("<QQQQQQ", 104, count * 152, at + numbers * 8, 8, 0, 0) + struct.pack("<QQQQ", 0, 0, 0, 0)
    body = b"".join(struct.pack("<Q", n * 7919) for n in range(numbers))
    return [write(folder / "a.data", head, attribute * count, body, struct.pack("<IHH", 68, 0, 8))]


@case()
def perf_in_a_hole(folder, all_):
    head = struct.pack("<QQQ", 0x32454C4946524550, 104, 144)
    head += struct.pack("<QQQQQQ", 104, 144, 4096, 1 << 39, 0, 0) + struct.pack("<QQQQ", 0xFFFFFFFFFFFFFFFF, 0, 0, 0)
    return [sparse(folder / "a.data", head)]


@case()
def perf_attributes_in_a_hole(folder, all_):
    head = struct.pack("<QQQ", 0x32454C4946524550, 104, 144)
    head += struct.pack("<QQQQQQ", 104, 1 << 38, 1 << 39, 1 << 38, 0, 0) + struct.pack("<QQQQ", 8 | 0xFFFF, 0, 0, 0)
    return [sparse(folder / "a.data", head)]


# Packing

PACKERS = {
    "gzip": ["gzip", "-c"], "zstd": ["zstd", "-q", "-c"], "xz": ["xz", "-1", "-c"], "bzip2": ["bzip2", "-1", "-c"],
    "lz4": ["lz4", "-q", "-c"], "zip": ["zip", "-q", "-", "-"],
}


def pack(path, name, head, zeros):
    """Packs a text and zeros behind it; false without the program."""
    if not shutil.which(PACKERS[name][0]):
        return False
    with open(path, "wb") as out:
        process = subprocess.Popen(PACKERS[name], stdin=subprocess.PIPE, stdout=out)
        process.stdin.write(head)
        for _ in range(zeros // MIB):
            process.stdin.write(b"\0" * MIB)
        process.stdin.close()
        process.wait()
    return True


def bomb(name):
    def make(folder, all_):
        return [folder / "a"] if pack(folder / "a", name, TEXT, (1024 if all_ else 48) * MIB) else None

    make.__name__ = f"bomb of {name}".replace(" ", "_")
    case(codes=(3,), words="zeros instead of text", seconds=120)(make)

    def limited(folder, all_):
        return ["--max-expand", "16M", "a"] if pack(folder / "a", name, TEXT, 24 * MIB) else None

    limited.__name__ = f"limit of {name}".replace(" ", "_")
    case(codes=(2,), words="--max-expand")(limited)


for packer in PACKERS:
    bomb(packer)


@case(codes=(2,), words="more than 4 layers")
def packed_a_hundred_times(folder, all_):
    data = TEXT
    for _ in range(100):
        data = gzip.compress(data)
    return [write(folder / "a.gz", data)]


@case(codes=(2, 3))
def archives_in_archives(folder, all_):
    data, name = TEXT, "a.txt"
    for level in range(6):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for copy in range(4):
                archive.writestr(f"{copy}-{name}", data)
        data, name = out.getvalue(), f"{level}.zip"
    return [write(folder / "a.zip", data)]


@case(seconds=60)
def members_that_share_their_bytes(folder, all_):
    """Entries of a directory that all name one file, as in David Fifield's bombs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", TEXT + b"\0" * (8 * MIB))
    data = out.getvalue()
    start = data.index(b"PK\1\2")
    entry = data[start : data.index(b"PK\5\6")]
    count = 2000 if all_ else 100
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, count * len(entry), start, 0)
    return [write(folder / "a.zip", data[:start], entry * count, end)]


def stored(size):
    """The head of a stored block, five bytes when it begins at a byte."""
    return struct.pack("<BHH", 0, size, size ^ 0xFFFF)


def again(size):
    """A block of five bytes that repeats the last `size` bytes, 17 to 24 and even, in two matches of half of that."""
    bits = [0, 1, 0]
    for _ in range(2):
        bits += [(size // 2 - 2) >> n & 1 for n in range(6, -1, -1)]
        bits += [0, 1, 0, 0, 0] + [(size - 17) >> n & 1 for n in range(3)]
    bits += [0] * 7
    return bytes(sum(bit << n for n, bit in enumerate(bits[at : at + 8])) for at in range(0, 40, 8))


def quine():
    """A gzip file that unpacks to itself: Russ Cox, Zip Files All The Way Down, with blocks of five bytes as words.

    Its checksum stands in it, and is the solution of 32 linear equations over two elements."""
    start = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03self\0"

    def file(crc, size=0):
        end = b"\x01\0\0\xff\xff" + struct.pack("<II", crc, size)
        first, last, same, twice = stored(len(start) + 5), stored(len(end) + 5), again(20), again(len(end) + 5)
        one, four, none = stored(5), stored(20), stored(0)
        words = [start, first, start, first, same, one, same, one, one, four, same, one, one, four, same, four, same, four, same,
                 four, same, four, same, none, none, last, same, none, none, last, twice, end, twice, end]
        return b"".join(words)

    size = len(file(0))
    constant = zlib.crc32(file(0, size))
    rows = []
    for bit in range(32):
        rows.append((zlib.crc32(file(1 << bit, size)) ^ constant ^ 1 << bit, 1 << bit))
    # Columns are reduced until the constant is a sum of them.
    crc, left, pivots = 0, constant, {}
    for value, unknowns in rows:
        for top in sorted(pivots, reverse=True):
            if value >> top & 1:
                value, unknowns = value ^ pivots[top][0], unknowns ^ pivots[top][1]
        if value:
            pivots[value.bit_length() - 1] = (value, unknowns)
    for top in sorted(pivots, reverse=True):
        if left >> top & 1:
            left, crc = left ^ pivots[top][0], crc ^ pivots[top][1]
    made = file(crc, size)
    assert gzip.decompress(made) == made
    return made


@case(codes=(2,), words="more than 4 layers")
def file_that_unpacks_to_itself(folder, all_):
    return [write(folder / "a.gz", quine())]


@case(codes=(2,), words="more than 4 layers")
def archive_with_a_file_that_unpacks_to_itself(folder, all_):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("self.gz", quine())
        archive.writestr("a/self.gz", quine())
    return [write(folder / "a.zip", out.getvalue())]


@case(codes=(2,), words="more than 4 layers")
def archives_without_a_bottom(folder, all_):
    data, name = quine(), "self.gz"
    for level in range(8):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, data)
        data, name = out.getvalue(), f"{level}.zip"
    return [write(folder / "a.zip", data)]


@case(seconds=60)
def members_that_quote_each_other(folder, all_):
    """Every member holds the heads of all behind it, as data, and the bytes of the last one: David Fifield, A better zip bomb."""
    count = 1000 if all_ else 100
    plain = TEXT + b"\0" * MIB
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(plain) + packer.flush()
    sum_, size = zlib.crc32(plain), len(plain)
    pieces, heads, lengths = [packed], [], []
    for number in reversed(range(count)):
        length = sum(map(len, pieces))
        common = struct.pack("<HHHIIIIHH", 20, 0, 8, 0, sum_, length, size, 8, 0)
        head, name = b"PK\3\4" + common, b"%04d.txt" % number
        heads.append((common, name, len(head) + 8 + length))
        pieces.insert(0, head + name)
        if number:
            quoted = head + name
            pieces.insert(0, stored(len(quoted)))
            size += len(quoted)
            plain = quoted + plain
            sum_ = zlib.crc32(plain)
    body = b"".join(pieces)
    table = b""
    for common, name, behind in reversed(heads):
        table += b"PK\1\2\x14\0" + common + struct.pack("<HHHII", 0, 0, 0, 0, len(body) - behind) + name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(table), len(body), 0)
    return [write(folder / "a.zip", body, table, end)]


@case(codes=(2, 3), seconds=120)
def sparse_member_of_a_tar(folder, all_):
    sparse(folder / "a.txt", TEXT, (1 << 40) if all_ else (1 << 33))
    if subprocess.run(["tar", "-S", "-cf", "a.tar", "a.txt"], cwd=folder, check=False).returncode:
        return None
    os.unlink(folder / "a.txt")
    return ["--max-expand", "1G", "a.tar"]


# Text


@case(codes=(3,), words=r"line 43, byte \d+: zeros instead of text")
def hole_behind_a_text(folder, all_):
    return [sparse(folder / "a.txt", TEXT + line(1)[:50])]


@case(codes=(3,), words="zeros instead of text")
def hole_inside_a_text(folder, all_):
    return [sparse(folder / "a.txt", TEXT, 1 << 30, b"\n" + line(1))]


@case(codes=(3,), words="zeros instead of text")
def zeros_behind_a_line(folder, all_):
    return [write(folder / "a.txt", TEXT, b"\0" * 4096)]


@case(codes=(2,))
def nothing_but_a_hole(folder, all_):
    return [sparse(folder / "a", b"")]


@case(seconds=120)
def line_without_end(folder, all_):
    with open(folder / "a.txt", "wb") as file:
        file.write(TEXT)
        for _ in range(1024 if all_ else 64):
            file.write(b"x" * MIB)
        file.write(b"\n" + line(2))
    return [folder / "a.txt"]


@case(seconds=120)
def first_line_without_end(folder, all_):
    with open(folder / "a.txt", "wb") as file:
        for _ in range(1024 if all_ else 64):
            file.write(b"[ 1.0] " * (MIB // 7))
    return [folder / "a.txt"]


@case(seconds=120)
def journal_entry_without_end(folder, all_):
    with open(folder / "a.json", "wb") as file:
        file.write(b'{"MESSAGE":"BUG: Bad page state in process a  pfn:1"}\n{"MESSAGE":"')
        for _ in range(1024 if all_ else 64):
            file.write(b"\\u0041[" * (MIB // 7))
    return [folder / "a.json"]


@case(seconds=60)
def clock_that_stands_still(folder, all_):
    count = 2_000_000 if all_ else 200_000
    body = b"".join(
        b"  t-1  [%03d] d..2.  1.000001: mm_page_free: page=0000000000000001 pfn=0x%x order=0\n" % (n % 7, n * 37 % 5000)
        for n in range(count)
    )
    return [write(folder / "a.txt", HEAD, body)]


@case(seconds=60)
def clock_that_runs_backwards(folder, all_):
    body = b"".join(
        b"  t-1  [%03d] d..2.  %d.000001: mm_page_free: page=0000000000000001 pfn=0x%x order=0\n"
        % (n % 3, (100_000 - n) * 184_467 if n % 2 else n, n % 5000)
        for n in range(100_000)
    )
    return [write(folder / "a.txt", HEAD, body)]


@case(seconds=60, memory=1000)
def text_of_a_hundred_thousand_cpus(folder, all_):
    body = b"".join(line(n, cpu=n) for n in range(100_000))
    return [write(folder / "a.txt", HEAD, b"# entries-in-buffer/entries-written: 4294967295/18446744073709551615   #P:4294967295\n", body)]


@case(seconds=30)
def frames_of_52_bits(folder, all_):
    body = b"".join(line(n, f"mm_page_free: page=0000000000000001 pfn=0x{1 << (n % 53):x} order={n % 70}") for n in range(5000))
    return [write(folder / "a.txt", HEAD, body)]


@case(codes=(3,), words="--max-memory", seconds=60, memory=300)
def more_pages_than_memory(folder, all_):
    body = b"".join(line(n, f"mm_page_free: page=0000000000000001 pfn=0x{n * 0x1000001:x} order=0") for n in range(20_000))
    write(folder / "a.txt", HEAD, body)
    return ["--max-memory", "4M", "a.txt"]


@case(seconds=60)
def nested_brackets(folder, all_):
    deep = b"(" * 60_000
    rows = [line(n, "hva_to_pfn: " + (deep[:20_000] + b"{[" * 10_000).decode()) for n in range(200)]
    return [write(folder / "a.txt", HEAD, *rows)]


# Command


def spent():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def made(make, folder, all_):
    """What `make` answers, made by a process of its own: what is started from a large process counts its size as a peak."""
    fork = multiprocessing.get_context("fork")
    answers = fork.SimpleQueue()
    maker = fork.Process(target=lambda: answers.put(make(folder, all_)))
    maker.start()
    maker.join()
    if maker.exitcode:
        raise RuntimeError(f"{make.__name__} could not be made")
    return answers.get()


def peak(process):
    """Waits, and returns what the largest of its processes took, in MiB."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss // 1024, usage.ru_utime + usage.ru_stime


def run(args, name, make, codes, words, seconds, memory):
    with tempfile.TemporaryDirectory(prefix="pageledger-hostile-", dir=args.scratch and args.scratch.resolve()) as folder:
        folder = pathlib.Path(folder)
        arguments = made(make, folder, args.all)
        if arguments is None:
            return "skipped"
        out, err = folder / "stdout", folder / "stderr"
        with open(out, "wb") as stdout, open(err, "wb") as stderr:
            process = subprocess.Popen(
                [args.pageledger, "analyze", *map(str, arguments)], cwd=folder, stdin=subprocess.DEVNULL, stdout=stdout,
                stderr=stderr, env={**os.environ, "TMPDIR": str(folder)}, start_new_session=True)
        timer = signal.signal(signal.SIGALRM, lambda *_: process.kill())
        seconds = args.slow * (seconds(args.all) if callable(seconds) else seconds)
        # CPU time counts; a busy machine needs longer.
        signal.alarm(6 * seconds)
        largest, took = peak(process)
        signal.alarm(0)
        signal.signal(signal.SIGALRM, timer)
        said = out.read_text(errors="replace") + err.read_text(errors="replace")
        wrong = []
        if process.returncode not in codes:
            wrong.append(f"ends with {process.returncode}")
        if words and not re.search(words, said):
            wrong.append(f"does not say '{words}'")
        if took > seconds:
            wrong.append(f"takes {took:.1f} s")
        if largest > memory:
            wrong.append(f"takes {largest} MiB")
        left = [path.name for path in folder.iterdir() if path.name.startswith("pageledger-")]
        if left:
            wrong.append(f"leaves {left}")
        if args.verbose or wrong:
            print(f"{name}: {process.returncode}, {took:.2f} s, {largest} MiB; {' / '.join(said.split(chr(10))[:6])[:600]}")
        return "; ".join(wrong)


def main():
    parser = argparse.ArgumentParser(prog="hostile")
    parser.add_argument("names", nargs="*", metavar="CASE")
    parser.add_argument("--all", action="store_true", help="in full size, for minutes")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--scratch", type=pathlib.Path)
    parser.add_argument("--slow", type=int, default=1, help="how many times slower a build for debugging may be")
    parser.add_argument("--pageledger", required=True, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.pageledger = str(pathlib.Path(args.pageledger).resolve())
    failures = tried = 0
    start = time.monotonic()
    for name, *rest, whole in CASES:
        if args.names and name not in args.names or whole and not args.all:
            continue
        tried += 1
        wrong = run(args, name, *rest)
        if wrong == "skipped":
            print(f"{name}: skipped, a program is missing")
        elif wrong:
            failures += 1
            print(f"{name}: {wrong}", flush=True)
    print(f"{tried} cases, {failures} failed, {time.monotonic() - start:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
