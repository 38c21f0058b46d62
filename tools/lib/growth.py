"""Measures how time and memory grow with what a capture holds; called by tools/bench --growth.

Captures are made here, as text of `trace-cmd report`, and go through a pipe: nothing is written. Each row names what grows, and the
figures are those of one run each (the middle one of several with --runs).
"""

import argparse
import os
import statistics
import subprocess
import sys

HEAD = "version = 7\ncpus={cpus}\n"
LINE = "          worker-{cpu:<5d} [{cpu:03d}] {sec:>5d}.{nano:09d}: {body}\n"
REF = "flags=none count={count} mapcount=0 mapping=(nil) mt=1 val={value}"


def options():
    parser = argparse.ArgumentParser(prog="bench --growth")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--only", help="rows whose name contains this")
    parser.add_argument("--quick", action="store_true", help="a tenth of each size")
    parser.add_argument("--pageledger", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--generate", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


class Clock:
    """Times a microsecond apart."""

    def __init__(self):
        self.now = 1_000_000_000

    def line(self, cpu, body):
        self.now += 1000
        second, nano = divmod(self.now, 1_000_000_000)
        return LINE.format(cpu=cpu, sec=second, nano=nano, body=body)


def life(clock, cpu, pfn):
    """A page is born, taken once more, put twice and freed: six events."""
    frame = f"pfn=0x{pfn:x} "
    yield clock.line(cpu, "page_ref_set:         " + frame + REF.format(count=1, value=1))
    yield clock.line(
        cpu, f"mm_page_alloc:        page=0xffffea0000001000 {frame}order=0 migratetype=1 gfp_flags=GFP_KERNEL")
    yield clock.line(cpu, "page_ref_mod:         " + frame + REF.format(count=2, value=1))
    yield clock.line(
        cpu, "page_ref_mod_and_test: " + frame + REF.format(count=1, value=-1) + " ret=0")
    yield clock.line(
        cpu, "page_ref_mod_and_test: " + frame + REF.format(count=0, value=-1) + " ret=1")
    yield clock.line(cpu, f"mm_page_free:         page=0xffffea0000001000 {frame}order=0")


def lives(events, cpus):
    """Pages that come and go: the number of pages stays the same, however long it takes."""
    clock = Clock()
    for turn in range(events // 6):
        yield from life(clock, turn % cpus, 0x100000 + turn % 65536)


def spread(pages):
    """As many lives, each of a page of its own."""
    clock = Clock()
    for page in range(pages):
        yield from life(clock, page % 2, 0x100000 + page)


def blocks(pages):
    """Blocks of order 10 that are allocated and stay."""
    clock = Clock()
    for block in range(pages // 1024):
        yield clock.line(
            block % 2, f"mm_page_alloc:        page=0xffffea0000001000 pfn=0x{block * 1024 + 0x400:x} order=10 "
            "migratetype=0 gfp_flags=GFP_KERNEL|__GFP_COMP")


def mappings(count):
    """PTEs that are set by a driver, each of them while all earlier ones live."""
    clock = Clock()
    for number in range(count):
        pfn = 0x100000 + number
        yield from list(life(clock, 0, pfn))[:2]
        yield clock.line(
            0, "vmf_insert_pfn_prot:  (vmf_insert_pfn_prot+0x0/0x130) vma=0xffff888003a4d3c0 "
            f"addr=0x{0x7f0000000000 + number * 4096:x} pfn=0x{pfn:x} prot=0x8000000000000027 mm=0xffff888003a4e200 "
            "vm_flags=0x40444fb")


def findings(count):
    """Each page is put once more than it was taken."""
    clock = Clock()
    for number in range(count):
        frame = f"pfn=0x{0x100000 + number:x} "
        for line in life(clock, number % 2, 0x100000 + number):
            yield line
        yield clock.line(
            0, "page_ref_mod_and_test: " + frame + REF.format(count=-1, value=-1) + " ret=0")


def generate(cpus, lines):
    """Writes a text to standard output."""
    output = sys.stdout.buffer
    output.write(HEAD.format(cpus=cpus).encode())
    part = []
    for line in lines:
        part.append(line)
        if len(part) == 8192:
            output.write("".join(part).encode())
            part.clear()
    output.write("".join(part).encode())
    output.flush()


def run(binary, words):
    """CPU seconds, peak MB and exit code of one run. The text comes from a process of its own: what this one needed would
    count as memory of the one that it starts."""
    maker = subprocess.Popen([sys.executable, __file__, *words], stdout=subprocess.PIPE)
    process = subprocess.Popen(
        [binary, "analyze", "--quiet", "-"], stdin=maker.stdout, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    maker.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if maker.wait() != 0:
        sys.exit("growth: pageledger ended before its input")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode


def rows(scale):
    """(name, CPUs, events, generator)."""
    for times in (1, 2, 4, 8):
        count = times * 1_200_000 // scale
        yield f"{times} times the events", 2, count, lambda n=count: lives(n, 2)
    for cpus in (2, 8, 32, 128):
        count = 1_200_000 // scale
        yield f"{cpus} CPUs", cpus, count, lambda n=count, c=cpus: lives(n, c)
    for pages in (1, 10, 100):
        count = pages * 1_000_000 // scale
        yield f"{pages} million pages in blocks of order 10", 2, count // 1024, lambda n=count: blocks(n)
    for pages in (1, 4):
        count = pages * 1_000_000 // scale
        yield f"{pages} million pages, one by one", 2, count * 6, lambda n=count: spread(n)
    for mapped in (1_000, 10_000, 100_000):
        count = mapped // scale
        yield f"{mapped:,} mappings that live", 1, count * 3, lambda n=count: mappings(n)
    for pages in (100, 1_000, 10_000):
        count = pages // scale
        yield f"{pages:,} pages put too often", 2, count * 7, lambda n=count: findings(n)


def main():
    chosen = options()
    scale = 10 if chosen.quick else 1
    if chosen.generate is not None:
        _, cpus, _, make = list(rows(scale))[chosen.generate]
        generate(cpus, make())
        return 0
    print("| what grows | events | CPU s | CPU ns an event | peak MB | exit |")
    print("| --- | --- | --- | --- | --- | --- |")
    for number, (name, _, events, _) in enumerate(rows(scale)):
        if chosen.only and chosen.only not in name:
            continue
        words = ["--pageledger", "-", "--generate", str(number)] + ["--quick"] * chosen.quick
        results = [run(chosen.pageledger, words) for _ in range(chosen.runs)]
        seconds = statistics.median(result[0] for result in results)
        peak = statistics.median(result[1] for result in results)
        print(f"| {name} | {events:,} | {seconds:.2f} | {seconds / events * 1e9:.0f} | {peak:.0f} | {results[0][2]} |",
              flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
