"""Runs commands in turn on one capture and prints medians and ratios; called by tools/bench."""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time


def options():
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("capture", nargs="?", help="a trace.dat")
    parser.add_argument("--runs", type=int, default=5, help="runs of each command (default 5)")
    parser.add_argument("--pageledger", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--default", required=True, help=argparse.SUPPRESS)
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


def main():
    chosen = options()
    capture = chosen.capture or chosen.default
    if not os.path.isfile(capture):
        sys.exit(f"bench: {capture}: no such capture; name one")
    commands = {
        "pageledger analyze": [chosen.pageledger, "analyze", "--quiet", capture],
        "trace-cmd report": ["trace-cmd", "report", "-i", capture],
    }
    prefix = real_time_prefix()
    results = {name: [] for name in commands}
    for _ in range(chosen.runs):
        for name, command in commands.items():
            result = measure(prefix + command)
            if result[3] not in (0, 1, 3):
                sys.exit(f"bench: {name} ended with {result[3]}")
            results[name].append(result)
    report(capture, chosen, prefix, results)


def report(capture, chosen, prefix, results):
    print(f"capture    {os.path.basename(capture)}, {os.path.getsize(capture):,} bytes")
    print(f"machine    {processor()}, {os.cpu_count()} CPUs, Linux {platform.release()}")
    print(f"versions   {first_line([chosen.pageledger, '--version'])}; "
          f"{first_line(['trace-cmd', '--version'])}")
    print(f"runs       {chosen.runs} of each, in turn{', under ' + ' '.join(prefix) if prefix else ''}")
    print()
    print(f"{'command':<22}{'wall s':>10}{'CPU s':>10}{'peak MB':>10}{'times faster':>15}")
    medians = {
        name: [statistics.median(run[column] for run in runs) for column in range(3)]
        for name, runs in results.items()
    }
    slowest = medians["trace-cmd report"][0]
    for name, (wall, cpu, memory) in medians.items():
        print(f"{name:<22}{wall:>10.2f}{cpu:>10.2f}{memory:>10.0f}{slowest / wall:>15.1f}")


if __name__ == "__main__":
    main()
