"""The ends of a job, each one task: what to do, and what it came to. Only executors touch the shared storage."""

import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from .plan import Shard, lines_of, numbers_in, pack
from .shard import ATTEMPT, RESULTS, SHARDS, Work, is_done

PLAN = "plan.ndjson"
TABLES = ".tables"
# Ends of `batch merge` that are an answer: clean, findings, unreadable, incomplete.
ANSWERS = (0, 1, 2, 3)
# Folders that one `batch merge` joins, so that it needs fewer open files than any system allows.
JOINED = 300


@dataclass(frozen=True)
class Plan:
    """All shards, which of them are finished, and of which the tables are."""

    shards: list[Shard]
    done: frozenset[str]
    tables: str


def plan(work: Work, lines: list[str], shard_bytes: int) -> Plan:
    """Settles the list of inputs, whose sizes are known, and packs it into shards."""
    listed = work.command.run("batch", "list", "-", lines="".join(line + "\n" for line in lines))[1] if lines else ""
    out = Path(work.out)
    out.mkdir(parents=True, exist_ok=True)
    before = out / PLAN
    earlier = numbers_in(before.read_text(errors="surrogateescape")) if before.is_file() else {}
    shards = pack((line for line in listed.splitlines() if not is_output(work, line)), earlier, shard_bytes)
    write(before, lines_of(shards).encode(errors="surrogateescape"))
    names = [shard.name(work.salt) for shard in shards]
    tables = (out / TABLES).read_text() if (out / TABLES).is_file() else ""
    return Plan(shards, frozenset(name for name in names if is_done(work.folder(name))), tables)


def is_output(work: Work, line: str) -> bool:
    """Results that lie among the inputs are none."""
    path = os.path.normpath(os.path.join(work.command.root, json.loads(line)["path"]))
    return path.startswith(work.out + "/")


def note(work: Work, tables: str) -> None:
    """Remembers of which shards the tables are."""
    write(Path(work.out) / TABLES, tables.encode())


def write(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; one that is the same already is left alone."""
    if path.is_file() and path.read_bytes() == content:
        return
    new = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        new.write_bytes(content)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def merge(work: Work, names: list[str], options: tuple[str, ...]) -> tuple[int, str]:
    """Joins all shards to the results of one batch; the exit code and the output of `batch merge`."""
    with work.command.folder() as own:
        parts = []
        for name in names:
            part = Path(own) / name
            part.mkdir()
            for file in RESULTS[:3]:
                if (work.folder(name) / file).is_file():
                    shutil.copyfile(work.folder(name) / file, part / file)
            parts.append(str(part))
        results = Path(own) / "merged"
        join = ["merge", *joined(work, parts, Path(own))] if parts else ["--manifest", "-"]
        code, told = work.command.run("batch", *join, "--out", str(results), *options, good=ANSWERS)
        for file in RESULTS[:3]:
            if (results / file).is_file():
                move(results / file, Path(work.out) / file)
    clean(work, frozenset(names))
    return code, told


def joined(work: Work, parts: list[str], folder: Path) -> list[str]:
    """Joins folders until few enough are left for the last `batch merge`."""
    while len(parts) > JOINED:
        part = str(folder / f"joined-{len(parts)}")
        work.command.run("batch", "merge", *parts[:JOINED], "--out", part, "--quiet", good=ANSWERS)
        for name in parts[:JOINED]:
            shutil.rmtree(name)
        parts = [*parts[JOINED:], part]
    return parts


def move(source: Path, target: Path) -> None:
    """Brings a file to the shared storage, in one step and only when it has changed."""
    if target.is_file() and same(source, target):
        return
    new = target.with_name(f".{target.name}-{uuid.uuid4().hex}")
    try:
        shutil.copyfile(source, new)
        os.replace(new, target)
    finally:
        new.unlink(missing_ok=True)


def same(one: Path, other: Path) -> bool:
    """Two files have the same bytes."""
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as a, other.open("rb") as b:
        while block := a.read(1 << 20):
            if block != b.read(1 << 20):
                return False
    return True


def clean(work: Work, names: frozenset[str]) -> None:
    """Removes shards of earlier lists, and what dead attempts have left."""
    folder = Path(work.out) / SHARDS
    for found in folder.iterdir() if folder.is_dir() else ():
        if found.name.startswith(ATTEMPT) or found.name not in names:
            shutil.rmtree(found, ignore_errors=True)
