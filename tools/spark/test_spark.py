"""Tests of the Spark driver with Spark in local mode: test_spark.py BINARY [NAME...]"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE.parent.parent / "fixtures" / "cases" / "rules"
SLOW = "slow.sh"
sys.path.insert(0, str(HERE))

from pageledger_spark.job import run  # noqa: E402
from pageledger_spark.options import parse  # noqa: E402
from pageledger_spark.plan import pack  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from submit import ship  # noqa: E402


class Ground:
    """A folder with captures of many kinds, and a Spark to work on it."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.binary = os.path.abspath(binary)
        self.folder = folder
        self.session: SparkSession | None = None
        captures = folder / "in"
        captures.mkdir()
        for number, case in enumerate(sorted(CASES.glob("*.case"))[:40]):
            (captures / f"d{number % 3}").mkdir(exist_ok=True)
            shutil.copyfile(case, captures / f"d{number % 3}" / case.name)
        (captures / "none.txt").write_text("no trace\n")
        (captures / "boot.log").write_text("[    1.000000] Linux version 6.1.0\n[    1.500000] systemd[1]: ready\n")
        shutil.make_archive(str(captures / "packed"), "gztar", captures / "d1")
        copy = captures / "copy" / "per_cpu" / "cpu0"
        copy.mkdir(parents=True)
        (copy / "trace_pipe_raw").write_bytes(random.Random(1).randbytes(8192))
        (captures / "copy" / "trace").write_text("# tracer: nop\n")
        self.files = sorted(str(path.relative_to(folder)) for path in captures.rglob("*") if path.is_file())
        (folder / "paths").write_text("".join(f"{path}\n" for path in self.files))

    def spark(self, master: str, **settings: str) -> None:
        """Starts Spark anew."""
        self.stop()
        builder = SparkSession.builder.master(master).appName("test")
        quiet = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
        quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"
        quiet |= {"spark.driver.extraJavaOptions": quick, "spark.executor.extraJavaOptions": quick}
        settings = {**quiet, "spark.local.dir": str(self.folder / "local"), "spark.sql.shuffle.partitions": "2", **settings}
        for name, value in settings.items():
            builder = builder.config(name, value)
        self.session = builder.getOrCreate()
        self.session.sparkContext.setLogLevel("OFF")
        ship(self.session, self.folder)

    def stop(self) -> None:
        if self.session:
            self.session.stop()

    def submit(self, out: str, *words: str, manifest: str = "paths", size: str = "300K", binary: str = "", tables: str = "none") -> int:
        """The exit code of a job, whose messages are in `told`."""
        assert self.session
        options = ["--manifest", str(self.folder / manifest), "--out", out, "--pageledger", binary or self.binary]
        options += ["--root", str(self.folder), "--shard-bytes", size, "--tables", tables]
        with redirected(self.folder / "told", self.folder / "output"):
            return run(self.session, parse([*options, *words]))

    @property
    def told(self) -> str:
        return (self.folder / "told").read_text()

    def batch(self, out: str, *words: str) -> int:
        """The exit code of one batch on this machine."""
        command = [self.binary, "batch", *words, "--out", out, "--quiet"]
        return subprocess.run(command, cwd=self.folder, stdout=subprocess.DEVNULL, check=False).returncode

    def same(self, one: str, other: str) -> None:
        """Two summaries have the same bytes."""
        a, b = (self.folder / name / "summary.json" for name in (one, other))
        check(a.read_bytes() == b.read_bytes(), f"summaries of {one} and {other}")

    def slowed(self, where: str) -> str:
        """A command that waits in shards until `where` is there, and then is the real one."""
        slow = self.folder / SLOW
        slow.write_text(f"""#!/bin/sh
if [ "$2" = --manifest ] && [ ! -e {where} ]; then echo $PPID >>{self.folder}/waiting; fi
for turn in $(seq 300); do [ "$2" = --manifest ] && [ ! -e {where} ] || break; sleep 0.2; done
exec {self.binary} "$@"
""")
        slow.chmod(0o755)
        return str(slow)

    def waiting(self) -> int:
        """The process whose shard waits."""
        found = self.folder / "waiting"
        for _ in range(6000):
            if found.exists() and found.read_text():
                return int(found.read_text().split()[0])
            time.sleep(0.1)
        raise AssertionError("no shard was begun")


@contextmanager
def redirected(errors: Path, output: Path) -> Iterator[None]:
    """Sends what Python says to files."""
    before = sys.stderr, sys.stdout
    with errors.open("w") as sys.stderr, output.open("w") as sys.stdout:
        try:
            yield
        finally:
            sys.stderr, sys.stdout = before


def check(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)


def same_as_batch(ground: Ground) -> None:
    """One summary, from a list of files and from their folder; tables count what the summary counts; again, nothing is done."""
    code = ground.batch("whole", "in", "--report", "ndjson=whole.ndjson")
    tables = f"file://{ground.folder}/tables"
    found = ground.submit("first", "--report", "ndjson=first.ndjson", tables=tables)
    check(found == code, f"exit code {found} for {code}: {ground.told}")
    ground.same("whole", "first")
    check((ground.folder / "whole.ndjson").read_bytes() == (ground.folder / "first.ndjson").read_bytes(), "reports")
    check(len(list((ground.folder / "first" / "shards").iterdir())) > 3, "several shards")
    assert ground.session
    read = ground.session.read.parquet
    summary = json.loads((ground.folder / "first" / "summary.json").read_bytes())
    check(read(f"{tables}/captures").count() == summary["captures"], "captures")
    statuses = {row["status"]: row["count"] for row in read(f"{tables}/captures").groupBy("status").count().collect()}
    check(statuses == {name: count for name, count in summary["statuses"].items() if count}, f"statuses {statuses}")
    columns = ("id", "rule", "captures", "occurrences", "severity", "verdict", "title")
    rows = {row["id"]: row for row in read(f"{tables}/fingerprints").collect()}
    check(len(rows) == len(summary["findings"]), "fingerprints")
    for finding in summary["findings"]:
        row = rows[finding["id"]]
        check(all(row[name] == finding[name] for name in columns), f"{row} {finding}")
        check(row["worst"]["path"] == finding["example"]["path"], f"{row} {finding['example']['path']}")
        check((row["first"]["path"], row["last"]["path"]) == (finding["first"]["path"], finding["last"]["path"]), f"{row}")
    before = look(ground.folder / "first"), look(ground.folder / "tables")
    check(ground.submit("first", tables=tables) == code, "exit code of the second run")
    check(before == (look(ground.folder / "first"), look(ground.folder / "tables")), "a second run writes nothing")
    total = len(list((ground.folder / "first" / "shards").iterdir()))
    check(f"{total} shards of {summary['inputs']} inputs: {total} were done" in ground.told, ground.told)


def look(folder: Path) -> dict[str, tuple[int, int]]:
    """What files look like."""
    states = ((path, path.stat()) for path in folder.rglob("*") if path.is_file())
    return {str(path): (state.st_mtime_ns, state.st_ino) for path, state in states}


def what_changes_costs(ground: Ground) -> None:
    """A changed, a new and a missing input cost their shards only, and earlier results are used there."""
    ground.submit("changing")
    names = {path.name for path in (ground.folder / "changing" / "shards").iterdir()}
    changed = ground.folder / ground.files[4]
    changed.write_bytes(changed.read_bytes() + b"\n")
    (ground.folder / "in" / "new.log").write_text("[    1.000000] Linux version 6.1.9\n")
    (ground.folder / ground.files[5]).unlink()
    ground.files = sorted([*ground.files[:5], *ground.files[6:], "in/new.log"])
    (ground.folder / "paths").write_text("".join(f"{path}\n" for path in ground.files))
    ground.submit("changing")
    now = {path.name for path in (ground.folder / "changing" / "shards").iterdir()}
    check(1 <= len(now - names) <= 3 and len(now & names) >= len(names) - 2, f"{names} {now}")
    ground.batch("changed", "in")
    ground.same("changed", "changing")


def labels_and_nothing(ground: Ground) -> None:
    """A manifest with named columns, sizes and missing files; an empty one; another cut of the shards."""
    rows = [f"{path}\tjob{number % 3}\t2026-0{1 + number % 9}\t100" for number, path in enumerate(ground.files)]
    rows += ["in/missing\tjob9\t2026-01\t"]
    (ground.folder / "labels").write_text("path\tjob\tdate\tsize\n" + "".join(f"{row}\n" for row in rows))
    code = ground.batch("labelled", "--manifest", "labels")
    check(code == 2 and ground.submit("labelled-spark", manifest="labels") == code, ground.told)
    ground.same("labelled", "labelled-spark")
    ground.submit("labelled-wide", manifest="labels", size="1G")
    ground.same("labelled", "labelled-wide")
    (ground.folder / "empty").write_text("")
    ground.batch("nothing", "--manifest", "empty")
    check(ground.submit("nothing-spark", manifest="empty", tables=f"file://{ground.folder}/none") == 0, ground.told)
    ground.same("nothing", "nothing-spark")


def poison(ground: Ground) -> None:
    """An input that never ends costs one row, and no other its own."""
    os.mkfifo(ground.folder / "pipe")
    (ground.folder / "poison").write_text("in/boot.log\tjob=a\npipe\tjob=b\nin/none.txt\tjob=c\n")
    limits = ("--timeout", "10")
    code = ground.batch("poison-whole", "--manifest", "poison", *limits)
    check(code == 2 and ground.submit("poison-spark", "--", *limits, manifest="poison") == code, ground.told)
    ground.same("poison-whole", "poison-spark")


def kill_one(ground: Ground, choose: Callable[[int], int], out: str) -> None:
    """Kills a process with a task, and compares what the others make of it."""
    stop = ground.folder / "go"
    for name in ("waiting", "go"):
        (ground.folder / name).unlink(missing_ok=True)
    victims: list[int] = []

    def kill() -> None:
        shard = ground.waiting()
        stop.touch()
        victims.append(choose(shard))
        os.kill(victims[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    code = ground.submit(out, binary=ground.slowed(str(stop)))
    killer.join()
    check(len(victims) == 1 and code == ground.batch(f"{out}-whole", "in"), f"exit code {code}; {ground.told}")
    ground.same(f"{out}-whole", out)


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def dead_worker(ground: Ground) -> None:
    """A Python worker is killed in its task; in a local mode that does not try again, the driver does."""
    kill_one(ground, lambda worker: worker, "worker")


def dead_executor(ground: Ground) -> None:
    """An executor is killed: the parent of the daemon that has started the Python worker."""
    kill_one(ground, lambda worker: parent_of(parent_of(worker)), "executor")


def no_room(ground: Ground) -> None:
    """What cannot be done is told with its reason; what is done stays, and the same command goes on."""
    bad = ground.folder / "bad.sh"
    bad.write_text(f"""#!/bin/sh
if [ "$2" = --manifest ]; then
  cat >{ground.folder}/lines-$$
  if grep -q 'boot.log' {ground.folder}/lines-$$ && [ ! -e {ground.folder}/enough ]; then echo "pageledger: no room" >&2; exit 70; fi
  exec {ground.binary} "$@" <{ground.folder}/lines-$$
fi
exec {ground.binary} "$@"
""")
    bad.chmod(0o755)
    check(ground.submit("room", binary=str(bad)) == 70, "exit code")
    check("no room" in ground.told and "the same command goes on" in ground.told, ground.told)
    done = {path.name for path in (ground.folder / "room" / "shards").iterdir()}
    check(len(done) > 1 and not (ground.folder / "room" / "summary.json").exists(), f"{done}")
    (ground.folder / "enough").touch()
    code = ground.submit("room", binary=str(bad))
    check(code == ground.batch("room-whole", "in"), f"exit code {code}")
    ground.same("room-whole", "room")
    check(done <= {path.name for path in (ground.folder / "room" / "shards").iterdir()}, "finished shards stay")


def packing(_: Ground) -> None:
    """Shards have about the same weight, and keep their inputs."""
    chance = random.Random(7)
    lines = [json.dumps({"path": f"p{number}", "size": chance.randrange(1 << 20)}) for number in range(500)]
    shards = pack(lines, {}, 8 << 20)
    weights = [shard.weight for shard in shards]
    check(max(weights) <= 1.1 * min(weights) and max(weights) <= 9 << 20, f"{weights}")
    check(sorted(line for shard in shards for line in shard.lines) == sorted(lines), "all inputs")
    earlier = {json.loads(line)["path"]: shard.number for shard in shards for line in shard.lines}
    again = pack([*lines[10:], '{"path":"new"}'], earlier, 8 << 20)
    check(again[-1].lines == ['{"path":"new"}'] and len(again) == len(shards) + 1, "new inputs get a shard of their own")


LOCAL = (packing, same_as_batch, what_changes_costs, labels_and_nothing, poison, dead_worker, no_room)
CLUSTER = (dead_executor,)


def main(binary: str, names: list[str]) -> int:
    failures = 0
    with tempfile.TemporaryDirectory(prefix="pageledger-spark-") as folder:
        ground = Ground(binary, Path(folder))
        for master, tests in (("local[2]", LOCAL), ("local-cluster[2,1,1024]", CLUSTER)):
            chosen = [test for test in tests if not names or test.__name__ in names]
            if chosen:
                ground.spark(master)
            for test in chosen:
                began = time.monotonic()
                try:
                    test(ground)
                    print(f"ok   {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
                except AssertionError as error:
                    failures += 1
                    print(f"FAIL {test.__name__}: {error}", flush=True)
        ground.stop()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
