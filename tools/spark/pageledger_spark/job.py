"""The driver: it sees paths, sizes and reports, never a capture and never a folder."""

import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from py4j.protocol import Py4JError
from pyspark import SparkContext, SparkFiles
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from .command import NAME, Command
from .finish import Plan, merge, note, plan
from .options import Options
from .plan import Shard
from .shard import ShardReport, Work, run_shard
from .tables import write_tables

T = TypeVar("T")
# Lines of the manifest that one task looks up.
LOOKED_UP = 2000
INTERNAL_ERROR = 70
USAGE = 64


def say(words: str) -> None:
    """Tells the user."""
    print(f"{NAME}: {words}", file=sys.stderr, flush=True)


def lines_of(spark: SparkContext, manifest: str) -> list[str]:
    """The lines of the manifest; only its own bytes are read."""
    if "://" in manifest:
        return spark.textFile(manifest).collect()
    if manifest == "-":
        return sys.stdin.read().splitlines()
    return Path(manifest).read_text(encoding="utf-8", errors="surrogateescape").splitlines()


def once(spark: SparkContext, work: Callable[[], T]) -> T:
    """Does something on one executor."""
    return spark.parallelize([0], 1).map(lambda _: work()).collect()[0]


def look_up(spark: SparkContext, command: Command, lines: list[str]) -> list[str]:
    """Has executors find what the lines name, with sizes where the manifest has none."""
    header = lines[:1] if lines and lines[0].split("\t")[0] == "path" else []
    lines = [line for line in lines[len(header) :] if line]
    parts = [lines[at : at + LOOKED_UP] for at in range(0, len(lines), LOOKED_UP)]

    def listed(part: list[str]) -> list[str]:
        return command.run("batch", "list", "-", lines="".join(line + "\n" for line in header + part))[1].splitlines()

    return spark.parallelize(parts, max(1, len(parts))).flatMap(listed).collect()


class Job:
    """One run over a manifest."""

    def __init__(self, session: SparkSession, options: Options) -> None:
        self.session = session
        self.spark = session.sparkContext
        self.options = options
        if options.binary:
            self.spark.addFile(options.binary)
        command = Command(Path(options.binary).name or NAME, options.root, options.scratch)
        self.work = Work(command, str(options.out), self.batch_options(), self.salt(), self.attempts())

    def batch_options(self) -> tuple[str, ...]:
        """What each shard is analyzed with."""
        return ("--jobs", self.spark.getConf().get("spark.task.cpus", "1") or "1", *self.options.batch)

    def attempts(self) -> int:
        """How often Spark tries a task: in local mode once, unless `local[N,M]` says more."""
        if found := re.fullmatch(r"local(?:\[[^,]*(?:,(\d+))?\])?", self.spark.master or ""):
            return int(found[1] or 1)
        return int(self.spark.getConf().get("spark.task.maxFailures", "4") or "4")

    def salt(self) -> str:
        """Stands for the command and its options, on which results depend."""
        with open(self.options.binary or SparkFiles.get(NAME), "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return "\n".join([digest, self.options.root, *self.options.batch])

    def run(self) -> int:
        """Does all of it; the exit code is that of `pageledger batch`."""
        work, shard_bytes, merge_options = self.work, self.options.shard_bytes, self.options.merge
        self.spark.setJobDescription("pageledger: looks up inputs")
        lines = look_up(self.spark, work.command, lines_of(self.spark, self.options.manifest))
        found = once(self.spark, lambda: plan(work, lines, shard_bytes))
        self.spark.setJobDescription("pageledger: analyzes shards")
        reports = self.analyze(found)
        if len(reports) < len(found.shards) or any(report.failure for report in reports):
            return self.give_up(found, reports)
        self.spark.setJobDescription("pageledger: merges shards")
        names = [shard.name(work.salt) for shard in found.shards]
        code, told = once(self.spark, lambda: merge(work, names, merge_options))
        self.write_tables(found, names)
        self.tell(found, reports)
        sys.stdout.write(told)
        return code

    def analyze(self, found: Plan) -> list[ShardReport]:
        """Has executors analyze what is not done, the heaviest shards first; a job that Spark gives up is begun again."""
        work = self.work
        reports: dict[str, ShardReport] = {}
        for number in range(self.options.rounds):
            pending = [shard for shard in found.shards if self.is_pending(shard, found, reports)]
            if not pending:
                break
            pending.sort(key=lambda shard: -shard.weight)
            try:
                tasks = self.spark.parallelize(pending, len(pending)).map(lambda shard: run_shard(work, shard))
                reports.update((report.name, report) for report in tasks.collect())
            except (Py4JError, PySparkException) as error:
                say(f"round {number + 1} of {self.options.rounds}: Spark has given up: {reason(error)}")
        done = (shard for shard in found.shards if shard.name(work.salt) in found.done)
        return [ShardReport(shard.name(work.salt), len(shard.lines), shard.size, True) for shard in done] + list(reports.values())

    def is_pending(self, shard: Shard, found: Plan, reports: dict[str, ShardReport]) -> bool:
        """Has no results yet."""
        name = shard.name(self.work.salt)
        return name not in found.done and (name not in reports or bool(reports[name].failure))

    def write_tables(self, found: Plan, names: list[str]) -> None:
        """Writes the tables, when they are not those of the same shards already."""
        folder, work = self.options.tables, self.work
        key = hashlib.sha256("\n".join([str(folder), *names]).encode()).hexdigest()
        if folder is None or found.tables == key:
            return
        self.spark.setJobDescription("pageledger: writes tables")
        write_tables(self.session, work, names, folder)
        once(self.spark, lambda: note(work, key))

    def tell(self, found: Plan, reports: list[ShardReport]) -> None:
        """Says what was done."""
        new = [report for report in reports if report.name not in found.done]
        again = sum(report.attempt > 1 for report in new)
        words = f"{len(reports)} shards of {sum(report.inputs for report in reports)} inputs: {len(reports) - len(new)} were done"
        if again:
            words += f"; {again} took more than one attempt"
        say(words)

    def give_up(self, found: Plan, reports: list[ShardReport]) -> int:
        """Names the shards without results. What is finished is kept for the next run."""
        for report in reports:
            if report.failure:
                say(f"shard {report.name}: attempt {report.attempt} on {report.host}: {report.failure}")
        good = sum(not report.failure for report in reports)
        say(f"{good} of {len(found.shards)} shards are finished; the same command goes on with the others")
        return INTERNAL_ERROR


def run(session: SparkSession, options: Options) -> int:
    """Does a job; one that cannot be done ends with 70 and the reason."""
    try:
        return Job(session, options).run()
    except (Py4JError, PySparkException, OSError) as error:
        say(reason(error))
        return INTERNAL_ERROR


def reason(error: Exception) -> str:
    """What of Spark's many words names the cause."""
    words = str(error)
    for pattern in (r"CommandError: (.*)", r"most recent failure: (.*)", r"SparkException: (.*)"):
        if found := re.search(pattern, words):
            return found[1][:500]
    return (words.strip().splitlines() or [type(error).__name__])[0][:500]
