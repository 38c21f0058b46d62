"""Compares pageledger's decoding with that of its peers; called by tools/differential."""

import argparse
import itertools
import lzma
import os
import sys
import tempfile
from collections import deque

import peer_streams as streams
from peer_values import Agreement

# How far events are looked for when one side has some that the other lacks.
REACH = 200


def options():
    parser = argparse.ArgumentParser(prog="differential")
    parser.add_argument("captures", nargs="*", help="trace.dat or perf.data")
    parser.add_argument("--limit", type=int, help="compare the first N events of each capture")
    parser.add_argument("--context", type=int, default=3, help="differences shown (default 3)")
    parser.add_argument("--text", action="store_true",
                        help="compare the peers' text with the capture too")
    parser.add_argument("--pageledger", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--shared", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def opening(path):
    if not os.path.isfile(path):
        return b""
    with open(path, "rb") as file:
        return file.read(32)


def kind(path):
    """`trace.dat`, `perf.data`, `xz` or None."""
    start = opening(path)
    if start.startswith(b"\x17\x08\x44tracing"):
        return "trace.dat"
    if start[:8] in (b"PERFILE2", b"2ELIFREP", b"PERFFILE"):
        return "perf.data"
    return "xz" if start.startswith(b"\xfd7zXZ\0") else None


def is_big_endian(path):
    start = opening(path)
    end = start.find(b"\0", 10)
    return start.startswith(b"\x17") and start[end + 1:end + 2] == b"\1"


def shared_captures(folder):
    found = []
    for start, folders, names in os.walk(folder):
        folders.sort()
        found += [os.path.join(start, name) for name in sorted(names)]
    return [path for path in found if kind(path)]


def by_time(rows):
    """The peers order equal times differently: by time, then CPU, then as they came."""
    return iter(sorted(rows, key=lambda row: (row.time, row.cpu)))


def by_ties(rows):
    """Puts runs of equal times in the order of CPUs, without keeping more than the run."""
    for _, run in itertools.groupby(rows, key=lambda row: row.time):
        yield from sorted(run, key=lambda row: row.cpu)


class Comparison:
    """Walks two streams side by side and counts what differs."""

    def __init__(self, agreement, context, is_whole):
        self.agreement = agreement
        self.context = context
        self.is_whole = is_whole
        self.events = 0
        self.differences = 0
        self.shown = []

    def note(self, text):
        self.differences += 1
        if len(self.shown) < self.context:
            self.shown.append(text)

    def run(self, ours, theirs, limit):
        ours, theirs = Window(ours), Window(theirs)
        while limit is None or self.events < limit:
            a, b = ours.peek(0), theirs.peek(0)
            if a is None and b is None:
                return
            if a is not None and b is not None and self.matches(a, b):
                self.compare(ours.take(), theirs.take())
                self.events += 1
                continue
            self.resume(ours, theirs)

    def resume(self, ours, theirs):
        """Skips what only one side has."""
        for distance in range(1, REACH):
            for skip in range(distance + 1):
                a, b = ours.peek(skip), theirs.peek(distance - skip)
                if a is None or b is None or not self.matches(a, b):
                    continue
                for _ in range(skip):
                    self.note(f"only pageledger: {ours.take()}")
                for _ in range(distance - skip):
                    self.note(f"only the peer:   {theirs.take()}")
                return
        a, b = ours.take(), theirs.take()
        self.note(f"pageledger: {a}\n    the peer:   {b}")

    def matches(self, a, b):
        return (a.time, a.cpu, a.pid) == (b.time, b.cpu, b.pid) and same_name(a.event, b.event)

    def compare(self, a, b):
        fields = streams.fields_of(b, list(a.fields))
        missing = [name for name in a.fields if name not in fields]
        extra = [name for name in fields if name not in a.fields]
        if self.is_whole and (missing or extra):
            self.note(f"fields {missing} only here, {extra} only there: {a}\n    the peer: {b}")
        if not is_same_task(a.comm, b.comm):
            self.note(f"task {a.comm!r} and {b.comm!r}: {a}")
        for name, value in a.fields.items():
            if name in fields and not self.agreement.agree(a.event, name, value, fields[name]):
                self.note(f"{name} is {value!r} and {fields[name]!r}: {a}\n    the peer: {b}")


class Window:
    """A stream that can be looked ahead."""

    def __init__(self, rows):
        self.rows, self.ahead = iter(rows), deque()

    def peek(self, place):
        while len(self.ahead) <= place:
            row = next(self.rows, None)
            if row is None:
                return None
            self.ahead.append(row)
        return self.ahead[place]

    def take(self):
        self.peek(0)
        return self.ahead.popleft() if self.ahead else None


def same_name(ours, theirs):
    """perf joins group and name with two underscores, trace-cmd and texts leave the group out."""
    if theirs[0] or ours[1] == theirs[1]:
        return ours[1] == theirs[1]
    return f"{ours[0]}__{ours[1]}" == theirs[1]


def is_same_task(ours, theirs):
    """An unknown task has several names; trace-cmd puts the instance before the task."""
    if ours == "":
        return theirs in ("<...>", "") or theirs.startswith(":")
    return ours == theirs or theirs.endswith(" " + ours) and theirs.split()[0].endswith(":")


def plans(path, which, chosen):
    """Pairs of streams to compare: name, ours, theirs, and whether all fields are expected."""
    ours = lambda: streams.of_pageledger(chosen.pageledger, path)
    if which == "trace.dat":
        yield "trace-cmd", by_ties(ours()), by_ties(streams.of_trace_cmd(path)), True
        order, text = by_ties, streams.trace_cmd_text(path)
    else:
        yield "perf", by_time(ours()), by_time(streams.of_perf(path)), True
        order, text = by_time, streams.perf_text(path)
    if chosen.text:
        yield "text", order(ours()), order(streams.of_text(chosen.pageledger, text)), False


def check(path, chosen, title):
    """Compares one capture; the number of differences."""
    which = kind(path)
    if which == "xz":
        with tempfile.NamedTemporaryFile() as file:
            with lzma.open(path) as packed:
                file.write(packed.read())
            file.flush()
            return check(file.name, chosen, title) if kind(file.name) else 0
    if which == "perf.data" and not streams.perf_opens(path):
        print(f"skipped perf      cannot open {title}")
        return 0
    total = 0
    for name, ours, theirs, is_whole in plans(path, which, chosen):
        agreement = Agreement(is_big_endian(path))
        comparison = Comparison(agreement, chosen.context, is_whole)
        comparison.run(ours, theirs, chosen.limit)
        total += comparison.differences
        print(f"{'differs' if comparison.differences else 'same':<8}{name:<10}"
              f"{comparison.events:>10,} events {agreement.compared:>12,} values  {title}")
        for text in comparison.shown:
            print(f"    {text}")
        left = comparison.differences - len(comparison.shown)
        if left > 0:
            print(f"    and {left:,} more")
        for (event, field, why), count in sorted(agreement.skipped.items()):
            print(f"    not compared: {':'.join(event)}.{field}, {count:,} times ({why})")
        sys.stdout.flush()
    return total


def main():
    chosen = options()
    captures = chosen.captures or shared_captures(chosen.shared)
    if not captures:
        sys.exit(f"differential: no captures in {chosen.shared}; name some")
    found = [path for path in captures if kind(path)]
    for path in sorted(set(captures) - set(found)):
        print(f"skipped {path}: neither trace.dat nor perf.data")
    differences = sum(check(path, chosen, path) for path in found)
    print(f"{len(found)} captures, {differences:,} differences")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    main()
