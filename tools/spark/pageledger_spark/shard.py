"""A task: one shard, from its inputs to its folder of results.

An attempt works on the executor's own disk and copies what it has made into a folder of its own on the shared storage, which then gets its
final name in one step. Two attempts, or what is left of a dead one, never meet; whoever comes second finds the shard done.
"""

import os
import shutil
import socket
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pyspark import TaskContext

from .command import Command, CommandError
from .plan import Shard

SHARDS = "shards"
ROWS = "rows.ndjson"
RESULTS = ("results.ndjson", "seen.ndjson", "summary.json", ROWS)
ATTEMPT = ".attempt-"


@dataclass(frozen=True)
class Work:
    """What all tasks of a job share."""

    command: Command
    out: str
    options: tuple[str, ...]
    salt: str
    # Attempts that Spark allows a task.
    attempts: int

    def folder(self, name: str) -> Path:
        """Where a shard is when it is finished."""
        return Path(self.out) / SHARDS / name


@dataclass(frozen=True)
class ShardReport:
    """What became of a shard."""

    name: str
    inputs: int
    size: int
    was_done: bool = False
    failure: str = ""
    attempt: int = 1
    seconds: float = 0.0
    host: str = ""


def run_shard(work: Work, shard: Shard) -> ShardReport:
    """Does one shard, unless it is done. Raises what another attempt may mend; the last attempt reports it instead."""
    name = shard.name(work.salt)
    context = TaskContext.get()
    attempt = context.attemptNumber() + 1 if context else 1
    began = time.monotonic()
    failure = ""
    was_done = is_done(work.folder(name))
    if not was_done:
        try:
            analyze(work, shard, name)
        except (CommandError, OSError) as error:
            if attempt < work.attempts:
                raise
            failure = str(error)
    seconds = round(time.monotonic() - began, 3)
    return ShardReport(name, len(shard.lines), shard.size, was_done, failure, attempt, seconds, socket.gethostname())


def is_done(folder: Path) -> bool:
    """A shard has its name only when all of it is there."""
    return (folder / "summary.json").is_file()


def analyze(work: Work, shard: Shard, name: str) -> None:
    """Analyzes the inputs and publishes the results."""
    with work.command.folder() as own:
        results = Path(own) / "results"
        results.mkdir()
        reuse(work, shard, results)
        # Ends with this process, whoever kills it.
        words = ["batch", "--manifest", "-", "--shard", "1/1", "--out", str(results), "--quiet", *work.options]
        work.command.run(*words, "--parent", str(os.getpid()), lines="".join(line + "\n" for line in shard.lines))
        (results / ROWS).write_text(work.command.run("batch", "rows", str(results))[1], errors="surrogateescape")
        publish(results, RESULTS, work.folder(name))


def reuse(work: Work, shard: Shard, results: Path) -> None:
    """Begins with what an earlier run knew of this shard's inputs; the command keeps what still holds."""
    folder = work.folder("").parent / SHARDS
    for earlier in sorted(folder.glob(f"{shard.number:05}-*")):
        for part in RESULTS[:2]:
            if (earlier / part).is_file():
                shutil.copyfile(earlier / part, results / part)


def publish(source: Path, names: Iterable[str], target: Path) -> None:
    """Copies files to the shared storage and gives them their name at once; what somebody else has finished stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    attempt = target.parent / f"{ATTEMPT}{target.name}-{uuid.uuid4().hex}"
    attempt.mkdir()
    try:
        for name in names:
            if (source / name).is_file():
                shutil.copyfile(source / name, attempt / name)
        try:
            attempt.rename(target)
        except OSError:
            if not is_done(target):
                raise
    finally:
        shutil.rmtree(attempt, ignore_errors=True)
