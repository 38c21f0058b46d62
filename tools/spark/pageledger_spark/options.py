"""What the job is asked to do."""

import argparse
import os
from dataclasses import dataclass
from pathlib import PurePosixPath

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
MERGE_OPTIONS = ("baseline", "config", "fail-on", "format", "color", "sarif-anchor", "html-max-size")


@dataclass(frozen=True)
class Options:
    """The arguments; paths other than the binary are those of the executors."""

    manifest: str
    out: PurePosixPath
    binary: str
    root: str
    shard_bytes: int
    rounds: int
    scratch: str | None
    tables: str | None
    batch: tuple[str, ...]
    merge: tuple[str, ...]


def size(words: str) -> int:
    """Reads `256M`."""
    digits, unit = (words[:-1], words[-1].upper()) if words[-1:].upper() in UNITS else (words, "")
    try:
        count = int(digits) * UNITS.get(unit, 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{words}' is no size") from None
    if count < 1:
        raise argparse.ArgumentTypeError("a size is at least 1")
    return count


def parser() -> argparse.ArgumentParser:
    """The options of the command line."""
    result = argparse.ArgumentParser(
        prog="submit.py",
        usage="spark-submit [SPARK OPTIONS] submit.py --manifest FILE --out DIR --pageledger BINARY [OPTIONS] "
        "[-- OPTIONS OF BATCH]",
    )
    add = result.add_argument
    add("--manifest", required=True, metavar="FILE", help="list of inputs, as for batch; '-' or a URI that Spark can read")
    add("--out", required=True, metavar="DIR", help="folder of the results, on storage that all executors share")
    add("--pageledger", metavar="BINARY", help="the command to ship (default: it was shipped with --files)")
    add("--root", default=os.getcwd(), metavar="DIR", help="what relative paths are relative to (default: here)")
    add("--shard-bytes", type=size, default=256 << 20, metavar="SIZE", help="bytes of inputs in a shard (256M)")
    add("--rounds", type=int, default=3, metavar="N", help="jobs for shards that Spark has given up (3)")
    add("--scratch", metavar="DIR", help="where executors work (default: Spark's local folders)")
    add("--tables", metavar="URI", help="where the Parquet tables go (default: DIR/tables; 'none': nowhere)")
    add("--report", action="append", default=[], metavar="FORMAT=PATH", help="as for batch merge; may be repeated")
    add("--allow-incomplete", action="store_true", help="as for batch merge")
    for name in MERGE_OPTIONS:
        add(f"--{name}", metavar="WORD", help="as for batch merge")
    return result


def parse(words: list[str]) -> Options:
    """Reads the command line; ends the program with 64 when it is wrong."""
    batch: list[str] = []
    if "--" in words:
        cut = words.index("--")
        words, batch = words[:cut], words[cut + 1 :]
    try:
        given = parser().parse_args(words)
    except SystemExit as end:
        raise SystemExit(64 if end.code else 0) from None
    root = os.path.abspath(given.root)
    merge = ["--allow-incomplete"] if given.allow_incomplete else []
    for name in MERGE_OPTIONS:
        value = getattr(given, name.replace("-", "_"))
        merge += [] if value is None else [f"--{name}", value]
    for report in given.report:
        merge += ["--report", report]
    out = os.path.normpath(os.path.join(root, given.out))
    return Options(
        manifest=given.manifest,
        out=PurePosixPath(out),
        binary=given.pageledger or "",
        root=root,
        shard_bytes=given.shard_bytes,
        rounds=max(1, given.rounds),
        scratch=given.scratch,
        tables=None if given.tables == "none" else given.tables or f"file://{out}/tables",
        batch=tuple(batch),
        merge=tuple(merge),
    )
