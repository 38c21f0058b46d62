"""Runs the micro-benchmarks on a text and a trace.dat v6 of one capture; called by tools/bench."""

import re
import subprocess

import perf_of

EVENTS = ["page_ref_set", "page_ref_mod", "page_ref_mod_and_test", "page_ref_mod_and_return", "page_ref_mod_unless",
          "page_ref_freeze", "page_ref_unfreeze", "mm_page_alloc", "mm_page_free"]


def rows(prefix, program, text, capture):
    """(stage, events, ns an event here, ns in C) as the program prints them."""
    with open(capture, "rb") as file:
        tracing, cpus, page = perf_of.describe(file.read())
    found = dict(re.findall(r"name: (\w+)\nID: (\d+)\n", tracing.decode("latin-1")))
    ids = ",".join(found.get(name, "0") for name in EVENTS)
    places = [f"{offset}:{size}" for offset, size in cpus]
    output = subprocess.run([*prefix, "taskset", "-c", "0", program, text, capture, str(page), ids, *places],
                            stdout=subprocess.PIPE, text=True)
    if output.returncode != 0:
        raise SystemExit(output.stdout.strip() or f"micro: exit code {output.returncode}")
    return [(name, int(events), float(ours), float(c)) for name, events, ours, c in
            (line.split("\t") for line in output.stdout.splitlines())]


def show(found, whole):
    """`whole` is the CPU time of a check of the same trace.dat on one core."""
    print("\nState update: the whole ledger here, one write a page in C; else both do the same and are compared.")
    print("\n| stage, one core | events | ns an event | in C | of C's speed |\n| --- | --- | --- | --- | --- |")
    for name, events, ours, c in found:
        print(f"| {name} | {events:,} | {ours:.1f} | {c:.1f} | {c / ours:.2f} |")
    by_name = {name: (events, c) for name, events, _, c in found}
    merged, state = by_name["sub-buffers to events, merged"], by_name["state update"]
    floor = merged[0] * (merged[1] + state[1]) / 1e9
    print(f"\nfloor      {floor:.2f} s in C to read, decode, merge and write one state an event; "
          f"the whole check takes {whole:.2f} s on one core, {whole / floor:.1f} times that")
