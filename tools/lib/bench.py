"""Runs pageledger and its peers in turn on the same inputs and prints medians and ratios; called by tools/bench."""

import argparse
import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import time

import micro

HERE = os.path.dirname(os.path.abspath(__file__))
RATIOS = os.path.join(HERE, "bench-ratios.json")
# A ratio below this part of the committed one has moved.
TOLERANCE = 0.75


def options():
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("capture", nargs="?", help="a trace.dat; the large shared one without it")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command (default 5)")
    parser.add_argument("--only", help="rows whose name contains this")
    parser.add_argument("--check", action="store_true", help="compare with the committed ratios")
    parser.add_argument("--record", action="store_true", help="commit these ratios")
    parser.add_argument("--trace-processor", help="Perfetto's trace_processor_shell")
    parser.add_argument("--lisa", help="LISA's decoder, as a command in which {} stands for the trace.dat")
    parser.add_argument("--micro", help=argparse.SUPPRESS)
    parser.add_argument("--pageledger", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--default", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--work", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def real_time_prefix():
    """`chrt -f 1` keeps other jobs of a shared machine out of the figures, where it is allowed."""
    if shutil.which("chrt") is None:
        return []
    prefix = ["chrt", "-f", "1"]
    allowed = subprocess.run(prefix + ["true"], stderr=subprocess.DEVNULL).returncode == 0
    return prefix if allowed else []


def measure(command):
    """Wall seconds, CPU seconds and peak memory in MB of one run, its output thrown away."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - start
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode


def first_line(command):
    text = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return text.splitlines()[0] if text else "unknown"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


class Inputs:
    """The capture in other encodings, made once by the tools that people use for it."""

    def __init__(self, capture, folder):
        self.capture = capture
        name = os.path.basename(capture).rsplit(".", 1)[0]
        self.stem = os.path.join(folder, f"{name}-{os.path.getsize(capture)}")
        os.makedirs(folder, exist_ok=True)

    def made(self, suffix, command, to_output=False):
        """The path of a file that `command` makes, None when its tool refuses."""
        path = self.stem + suffix
        if os.path.exists(path):
            return path
        if shutil.which(command[0]) is None:
            return None
        part = path + ".part"
        print(f"bench: making {os.path.basename(path)}", file=sys.stderr)
        with open(part if to_output else os.devnull, "wb") as output:
            words = [part if word == "OUT" else word for word in command]
            code = subprocess.run(words, stdout=output, stderr=subprocess.DEVNULL).returncode
        if code != 0 or not os.path.exists(part):
            return None
        os.rename(part, path)
        return path

    def version6(self):
        return self.made("-v6.dat", ["trace-cmd", "convert", "-i", self.capture, "-o", "OUT",
                                     "--file-version", "6"])

    def plain(self):
        return self.made("-none.dat", ["trace-cmd", "convert", "-i", self.capture, "-o", "OUT",
                                       "--compression", "none"])

    def text(self):
        return self.made(".txt", ["trace-cmd", "report", "-t", "-i", self.capture], True)

    def perf(self, events):
        """The first so many records as a perf.data."""
        old = self.version6()
        convert = os.path.join(HERE, "perf_of.py")
        return self.made(f"-{events}.perf.data", [sys.executable, convert, old or "", "OUT", str(events)])

    def grown(self, perf, copies):
        """A short perf.data so many times, each later and of other pages."""
        if perf is None:
            return None
        grow = os.path.join(HERE, "perf_grow.py")
        return self.made(f"-{copies}.copies.data", [sys.executable, grow, perf, "OUT", str(copies)])

    def packed(self, tool):
        text = self.text()
        if text is None:
            return None
        suffix = {"zstd": ".txt.zst", "gzip": ".txt.gz"}[tool]
        return self.made(suffix, [tool, "-c", text], True)


def rows(chosen, inputs):
    """(name, our command, name of the peer, its command), as far as the inputs can be made."""
    ours = [chosen.pageledger, "analyze", "--quiet"]
    report = ["trace-cmd", "report", "-i"]
    found = []

    def row(name, path, peer, command, prefix=()):
        wanted = chosen.only is None or chosen.only in name
        if wanted and path and shutil.which(command[0]):
            found.append((name, list(prefix) + ours + [path], peer, list(prefix) + command))

    capture = chosen.capture or chosen.default
    row("trace.dat", capture, "trace-cmd report", report + [capture])
    plain, old = inputs.plain(), inputs.version6()
    row("trace.dat, not packed", plain, "trace-cmd report", report + [plain or ""])
    row("trace.dat v6", old, "trace-cmd report", report + [old or ""])
    text = inputs.text()
    grep = ["env", "LC_ALL=C", "grep", "-c", "page_ref_nothing", text or ""]
    row("text", text, "grep -c", grep)
    row("text, one core", text, "grep -c, one core", grep, ["taskset", "-c", "0"])
    zst, gz = inputs.packed("zstd"), inputs.packed("gzip")
    row("text.zst", zst, "zstd -dc", ["zstd", "-dcq", zst or ""])
    row("text.gz", gz, "gzip -dc", ["gzip", "-dc", gz or ""])
    beside = os.path.join(os.path.dirname(chosen.default), "..", "encodings-6.1", "perf-file.data")
    perf = beside if os.path.exists(beside) else None
    long = inputs.perf(2_000_000)
    row("perf.data, 2 M events of it", long, "perf script", ["perf", "script", "-i", long or ""])
    row("perf.data, 0.9 MB", perf, "perf script", ["perf", "script", "-i", perf or ""])
    long = inputs.grown(perf, 100)
    row("perf.data, 100 copies", long, "perf script", ["perf", "script", "-i", long or ""])
    if chosen.lisa:
        row("trace.dat v6, LISA", old, "LISA", [word.replace("{}", old or "") for word in shlex.split(chosen.lisa)])
    if chosen.trace_processor:
        shell = [chosen.trace_processor, "--query-string", "select count(*) from ftrace_event"]
        row("text, Perfetto", text, "trace_processor", shell + [text or ""])
    return found


def main():
    chosen = options()
    capture = chosen.capture or chosen.default
    if not os.path.isfile(capture):
        sys.exit(f"bench: {capture}: no such capture; name one")
    inputs = Inputs(capture, chosen.work)
    prefix = real_time_prefix()
    print(f"capture    {os.path.basename(capture)}, {os.path.getsize(capture):,} bytes")
    print(f"machine    {processor()}, {os.cpu_count()} CPUs, Linux {platform.release()}")
    print(f"versions   {first_line([chosen.pageledger, '--version'])}; "
          f"{first_line(['trace-cmd', '--version'])}; {first_line(['perf', '--version'])}"
          if shutil.which("perf") else
          f"versions   {first_line([chosen.pageledger, '--version'])}")
    print(f"runs       {chosen.runs} of each, in turn{', under ' + ' '.join(prefix) if prefix else ''}")
    print()
    print(f"{'input':<24}{'MB':>7}{'wall s':>9}{'CPU s':>8}{'peak MB':>9}{'MB/s':>8}   "
          f"{'peer':<20}{'wall s':>9}{'peak MB':>9}{'ratio':>8}")
    ratios = {}
    for name, ours, peer, theirs in rows(chosen, inputs):
        results = {0: [], 1: []}
        for _ in range(chosen.runs):
            for side, command in enumerate((ours, theirs)):
                result = measure(prefix + command)
                if side == 0 and result[3] not in (0, 1, 3):
                    sys.exit(f"bench: {' '.join(command)} ended with {result[3]}")
                results[side].append(result)
        us, them = ([statistics.median(run[column] for run in results[side])
                     for column in range(3)] for side in (0, 1))
        size = os.path.getsize(ours[-1]) / 1e6
        ratios[name] = round(them[0] / us[0], 3)
        print(f"{name:<24}{size:>7.0f}{us[0]:>9.2f}{us[1]:>8.2f}{us[2]:>9.0f}{size / us[0]:>8.0f}   "
              f"{peer:<20}{them[0]:>9.2f}{them[2]:>9.0f}{ratios[name]:>8.2f}", flush=True)
    start_up(chosen.pageledger, prefix)
    first_finding(chosen, prefix)
    if chosen.micro and chosen.only is None and inputs.text() and inputs.version6():
        micro.show(micro.rows(prefix, chosen.micro, inputs.text(), inputs.version6()),
                   min(measure(prefix + ["taskset", "-c", "0", chosen.pageledger, "analyze", "--quiet",
                                         inputs.version6()])[1] for _ in range(chosen.runs)))
    finish(chosen, ratios)


def start_up(binary, prefix):
    """What a run costs before it reads anything, and what has to be shipped."""
    walls = sorted(measure(prefix + [binary, "--version"])[0] for _ in range(21))
    sections = subprocess.run(["size", binary], capture_output=True, text=True).stdout.split()
    loaded = f", {int(sections[9]) / 1e6:.1f} MB without debug information" if len(sections) > 9 else ""
    print()
    print(f"start-up   {walls[10] * 1000:.1f} ms (--version), {os.path.getsize(binary) / 1e6:.1f} MB{loaded}")


def first_finding(chosen, prefix):
    """A whole run over a small capture with a finding: at least what its first finding takes."""
    small = os.path.join(HERE, "..", "..", "fixtures", "captures", "ttm-kvm.dat")
    scenario = os.path.join(os.path.dirname(chosen.default), "..", "scenarios-6.1", "tail_ref.dat")
    path = scenario if os.path.exists(scenario) else small
    walls = sorted(measure(prefix + [chosen.pageledger, "analyze", path])[0] for _ in range(21))
    print(f"findings   {walls[10] * 1000:.1f} ms for all of {os.path.basename(path)}, {os.path.getsize(path) / 1e6:.1f} MB")


def finish(chosen, ratios):
    """Compares with, or records, the committed ratios; ends with 1 when one has moved."""
    if chosen.record:
        with open(RATIOS, "w", encoding="utf-8") as output:
            json.dump(ratios, output, indent=2, sort_keys=True)
            output.write("\n")
    if not chosen.check:
        return
    with open(RATIOS, encoding="utf-8") as committed:
        known = json.load(committed)
    moved = [name for name, ratio in ratios.items()
             if name in known and ratio < TOLERANCE * known[name]]
    for name in moved:
        print(f"moved      {name}: {ratios[name]} times the peer's speed, committed {known[name]}")
    sys.exit(1 if moved else 0)


if __name__ == "__main__":
    main()
