"""Holds `pageledger batch` against what it promises, on a folder of captures and copies of them with changed bytes.

    batch-trial.py BINARY FOLDER... [--copies 2000] [--kills 20] [--small 2000] [--logs 0] [--seed 1] [--work DIR]

FOLDERs are linked, not copied. Told are wall and CPU seconds of each step; the exit code is 1 when a promise is not kept:
every input has its row, killed runs end with the same summary.json, a second run costs less than 5 % of the first, and one process
for many captures costs at most 0.6 of one process a capture.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAX_COPIED = 4 << 20
MAX_SMALL = 64 << 10


class Trial:
    """Runs commands and remembers which promises failed."""

    def __init__(self, binary: str, work: Path) -> None:
        self.binary = os.path.abspath(binary)
        self.work = work
        self.failed: list[str] = []

    def hold(self, what: str, is_kept: bool) -> None:
        print(f"  {'ok  ' if is_kept else 'FAIL'} {what}", flush=True)
        if not is_kept:
            self.failed.append(what)

    def run(self, name: str, words: list[str]) -> tuple[float, float, int]:
        """Wall seconds, CPU seconds with all descendants, and exit code."""
        began = time.monotonic()
        process = subprocess.Popen(words, cwd=self.work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = code = os.waitstatus_to_exitcode(status)
        wall, cpu = time.monotonic() - began, usage.ru_utime + usage.ru_stime
        memory = usage.ru_maxrss >> 10
        print(f"{name}: {wall:.2f} s, CPU {cpu:.2f} s, largest process {memory} MB, code {code}", flush=True)
        return wall, cpu, code

    def batch(self, out: str, *paths: str) -> list[str]:
        return [self.binary, "batch", *paths, "--out", out, "--quiet"]

    def summary(self, out: str) -> bytes:
        return (self.work / out / "summary.json").read_bytes()


def spoil(chance: random.Random, data: bytearray) -> None:
    """Changes bytes as storage, transport and other tools might."""
    for _ in range(chance.choice((1, 1, 4, 64))):
        at = chance.randrange(len(data)) if data else 0
        kind = chance.randrange(5)
        if kind == 0:
            data[at:at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            data[at:at + 4] = b"\xff\xff\xff\xff"
        elif kind == 2:
            del data[at:at + chance.randrange(1, 64)]
        elif kind == 3:
            data[at:at] = chance.randbytes(chance.randrange(1, 64))
        elif chance.random() < 0.2:
            del data[at:]


def make_folder(trial: Trial, folders: list[str], copies: int, seed: int) -> int:
    """Makes `in`; returns how many files it holds."""
    folder = trial.work / "in"
    (folder / "changed").mkdir(parents=True)
    files = [path for name in folders for path in sorted(Path(name).rglob("*")) if path.is_file() and not path.is_symlink()]
    for number, path in enumerate(files):
        target = folder / "whole" / f"{number:04}" / path.name
        target.parent.mkdir(parents=True)
        shutil.copyfile(path, target)
    chance = random.Random(seed)
    small = [path for path in files if 0 < path.stat().st_size <= MAX_COPIED]
    weights = [1 / (1 + path.stat().st_size / 100_000) for path in small]
    for number in range(copies):
        source = chance.choices(small, weights)[0]
        data = bytearray(source.read_bytes())
        spoil(chance, data)
        (folder / "changed" / f"{number:05}-{source.name}").write_bytes(data)
    return len(files) + copies


def try_folder(trial: Trial, count: int, kills: int, seed: int) -> None:
    time.sleep(0.2)
    wall, cpu, _ = trial.run("first run", trial.batch("whole", "in"))
    summary = json.loads(trial.summary("whole"))
    statuses = summary["statuses"]
    print(f"  {summary['inputs']} inputs, {summary['captures']} captures, {summary['skipped']} others: {statuses}")
    trial.hold("every file is an input", summary["inputs"] == count)
    trial.hold("every capture has its row", sum(statuses.values()) == summary["captures"])
    trial.hold("nothing crashed or took too long", statuses["crash"] + statuses["timeout"] == 0)
    trial.hold("all is done", summary["complete"])
    wall_again, cpu_again, _ = trial.run("second run", trial.batch("whole", "in"))
    print(f"  {100 * wall_again / wall:.1f} % of the time, {100 * cpu_again / cpu:.1f} % of the CPU time")
    trial.hold("a second run costs less than 5 %", wall < 2 or wall_again < 0.05 * wall or cpu_again < 0.05 * cpu)
    chance = random.Random(seed)
    for _ in range(kills):
        process = subprocess.Popen(
            trial.batch("killed", "in"), cwd=trial.work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.02, 1.2 * wall / max(1, kills)))
        process.send_signal(signal.SIGKILL)
        process.wait()
    trial.run(f"after {kills} kills", trial.batch("killed", "in"))
    trial.hold("killed runs end with the same summary.json", trial.summary("killed") == trial.summary("whole"))


def try_many(trial: Trial, count: int) -> None:
    """One batch against one process a capture, over small captures that all differ."""
    folder = trial.work / "small"
    folder.mkdir()
    found = sorted((trial.work / "in" / "changed").iterdir()) + sorted((trial.work / "in" / "whole").rglob("*"))
    sources = [path for path in found if path.is_file() and path.stat().st_size <= MAX_SMALL]
    for number in range(count):
        source = sources[number % len(sources)]
        text = b"" if number < len(sources) else b"\n# %d\n" % number
        (folder / f"{number:05}-{source.name}").write_bytes(source.read_bytes() + text)
    names = trial.work / "names"
    names.write_text("".join(f"small/{path.name}\n" for path in sorted(folder.iterdir())))
    wall, cpu, _ = trial.run("one batch", trial.batch("many", "small", "--jobs", "2"))
    command = f"xargs -a names -P2 -n1 {trial.binary} --quiet --format json"
    wall_each, cpu_each, _ = trial.run("a process each", ["sh", "-c", command])
    print(f"  {wall / wall_each:.2f} of the time, {cpu / cpu_each:.2f} of the CPU time")
    trial.hold("one batch costs at most 0.6", wall <= 0.6 * wall_each)


def try_logs(trial: Trial, count: int) -> None:
    folder = trial.work / "logs"
    for number in range(count):
        part = folder / f"{number // 1000:04}"
        part.mkdir(parents=True, exist_ok=True)
        bad = f"[    2.000000] BUG: Bad page state in process job{number % 7}  pfn:{number:x}\n" if number % 50 == 0 else ""
        (part / f"{number:06}.log").write_text(
            f"[    0.000000] Linux version 6.12.{number % 9}\n[    1.000000] systemd[1]: job {number}\n" + bad)
    wall, cpu, _ = trial.run(f"{count} logs", trial.batch("night", "logs"))
    trial.hold("every log has its row", json.loads(trial.summary("night"))["captures"] == count)
    wall_again, cpu_again, _ = trial.run("again", trial.batch("night", "logs"))
    print(f"  {100 * wall_again / wall:.1f} % of the time, {100 * cpu_again / cpu:.1f} % of the CPU time")
    trial.hold("a second run costs less than 5 %", wall < 2 or wall_again < 0.05 * wall or cpu_again < 0.05 * cpu)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("folder", nargs="+")
    for name, default in (("copies", 2000), ("kills", 20), ("small", 2000), ("logs", 0), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--work")
    words = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="batch-trial-", dir=words.work))
    trial = Trial(words.binary, work)
    try:
        count = make_folder(trial, words.folder, words.copies, words.seed)
        try_folder(trial, count, words.kills, words.seed)
        if words.small:
            try_many(trial, words.small)
        if words.logs:
            try_logs(trial, words.logs)
    finally:
        shutil.rmtree(work)
    for what in trial.failed:
        print(f"failed: {what}", file=sys.stderr)
    return 1 if trial.failed else 0


if __name__ == "__main__":
    sys.exit(main())
