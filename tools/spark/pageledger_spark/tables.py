"""Parquet tables of captures and findings, and findings by fingerprint."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from pyspark.rdd import RDD
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from .shard import ROWS, Work

NAMED = "path STRING, input STRING, kernel STRING, labels MAP<STRING, STRING>"
CAPTURES = f"""{NAMED}, key STRING, status STRING, error STRING, form STRING, eventsRead BIGINT, eventsUsed BIGINT,
  findings INT, losses MAP<STRING, BIGINT>, rules MAP<STRING, STRING>"""
EVENT = """STRUCT<time: BIGINT, cpu: INT, pid: INT, comm: STRING, event: STRING, text: STRING, before: STRING, after: STRING>"""
FINDINGS = f"""{NAMED}, id STRING, rule STRING, verdict STRING, severity STRING, title STRING, pfn BIGINT, pages BIGINT,
  occurrences BIGINT, comm STRING, pathId STRING, functions ARRAY<STRING>,
  detail STRUCT<firstTime: BIGINT, lastTime: BIGINT, cpu: INT, pid: INT, advice: STRING, doubt: STRING, evidence: ARRAY<{EVENT}>>"""
SEVERITIES = ("info", "low", "medium", "high", "critical")
FILES_A_CORE = 2
VERDICTS = ("suspect", "likely", "proven")


def rows(work: Work, kind: str, names: Iterable[str]) -> Iterator[str]:
    """The lines of one kind in some shards."""
    start = f'{{"kind":"{kind}"'
    for name in names:
        with (Path(work.folder(name)) / ROWS).open(errors="replace") as lines:
            yield from (line for line in lines if line.startswith(start))


def table(spark: SparkSession, work: Work, names: RDD[str], kind: str, schema: str) -> DataFrame:
    """A table of the lines of one kind."""
    return spark.read.schema(schema).json(names.mapPartitions(lambda part: rows(work, kind, part)))


def by_fingerprint(findings: DataFrame) -> DataFrame:
    """One row a cause: how often, where first and last, and its worst example."""
    place = F.struct(F.coalesce(F.col("labels")["date"], F.lit("")).alias("date"), "path", "kernel")
    worst = F.struct(
        rank("severity", SEVERITIES).alias("bySeverity"),
        rank("verdict", VERDICTS).alias("byVerdict"),
        (-F.col("occurrences")).alias("byOccurrences"),
        (-F.col("pages")).alias("byPages"),
        *("path", "severity", "verdict", "title", "comm", "pfn", "pages"),
    )
    grouped = findings.groupBy("id", "rule").agg(
        F.countDistinct("path").alias("captures"),
        F.sum("occurrences").alias("occurrences"),
        F.min(worst).alias("worst"),
        F.min(place).alias("first"),
        F.max(place).alias("last"),
        names("kernel", F.col("kernel")),
        *(names(label, F.col("labels")[label]) for label in ("job", "host", "commit")),
        names("pathId", F.col("pathId")),
    )
    example = grouped.select("*", *(f"worst.{name}" for name in ("severity", "verdict", "title")))
    hidden = ("bySeverity", "byVerdict", "byOccurrences", "byPages", "severity", "verdict", "title")
    return example.withColumn("worst", F.col("worst").dropFields(*hidden))


def rank(column: str, words: tuple[str, ...]) -> Column:
    """Smaller for what weighs more."""
    listed = ", ".join(f"'{word}'" for word in words)
    return F.expr(f"-array_position(array({listed}), {column})")


def names(name: str, column: Column) -> Column:
    """All values of a column but the empty one."""
    values = F.sort_array(F.collect_set(F.when(column != "", column)))
    return values.alias(f"{name}s")


def write_tables(spark: SparkSession, work: Work, shards: list[str], folder: str) -> None:
    """Writes `captures`, `findings` and `fingerprints`."""
    parts = max(1, min(len(shards), FILES_A_CORE * spark.sparkContext.defaultParallelism))
    paths = spark.sparkContext.parallelize(shards, parts)
    table(spark, work, paths, "capture", CAPTURES).write.mode("overwrite").parquet(f"{folder}/captures")
    nested = table(spark, work, paths, "finding", FINDINGS)
    nested.select("*", "detail.*").drop("detail").write.mode("overwrite").parquet(f"{folder}/findings")
    findings = spark.read.parquet(f"{folder}/findings")
    by_fingerprint(findings).coalesce(1).write.mode("overwrite").parquet(f"{folder}/fingerprints")
