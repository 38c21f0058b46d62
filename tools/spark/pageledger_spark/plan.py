"""Which inputs make up which shard.

A shard keeps its number and its inputs from run to run, so that a changed list costs only what has changed. Its name also holds a hash of
its inputs, of the binary and of the options: a folder of that name is a finished shard, whoever wrote it.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heapreplace

# What an input costs beside its bytes.
INPUT_WEIGHT = 64 << 10
MOST_SHARDS = 10_000


@dataclass
class Shard:
    """A part of the inputs: lines of `pageledger batch list`, ascending by path."""

    number: int
    lines: list[str] = field(default_factory=list)
    weight: int = 0
    size: int = 0

    def add(self, line: str, size: int) -> None:
        """Takes one more input."""
        self.lines.append(line)
        self.size += size
        self.weight += size + INPUT_WEIGHT

    def name(self, salt: str) -> str:
        """The name of its folder."""
        words = "\n".join([salt, *self.lines])
        return f"{self.number:05}-{hashlib.sha256(words.encode(errors='surrogateescape')).hexdigest()[:16]}"


def pack(lines: Iterable[str], earlier: dict[str, int], shard_bytes: int) -> list[Shard]:
    """Puts inputs into shards of about `shard_bytes`; `earlier` has the numbers of those that had one before."""
    shards: dict[int, Shard] = {}
    new: list[tuple[str, int]] = []
    for line in lines:
        entry = json.loads(line)
        size = int(entry.get("size", 0))
        number = earlier.get(entry["path"])
        if number is None:
            new.append((line, size))
        else:
            shards.setdefault(number, Shard(number)).add(line, size)
    first = max(earlier.values(), default=0) + 1
    for shard in _level(new, first, shard_bytes):
        shards[shard.number] = shard
    for shard in shards.values():
        shard.lines.sort()
    return [shards[number] for number in sorted(shards)]


def _level(inputs: list[tuple[str, int]], first: int, shard_bytes: int) -> list[Shard]:
    """The largest input goes to the lightest shard, one after another."""
    weight = sum(size + INPUT_WEIGHT for _, size in inputs)
    count = min(MOST_SHARDS, len(inputs), -(-weight // shard_bytes))
    heap = [Shard(first + index) for index in range(count)]
    order = [(0, index) for index in range(count)]
    for line, size in sorted(inputs, key=lambda entry: (-entry[1], entry[0])):
        _, index = order[0]
        heap[index].add(line, size)
        heapreplace(order, (heap[index].weight, index))
    return heap


def lines_of(shards: Iterable[Shard]) -> str:
    """The plan as a manifest with the label `shard`."""
    lines = []
    for shard in shards:
        for line in shard.lines:
            entry = json.loads(line)
            lines.append(json.dumps({**entry, "shard": shard.number}, ensure_ascii=False))
    return "".join(line + "\n" for line in lines)


def numbers_in(plan: str) -> dict[str, int]:
    """The shards of an earlier plan by the paths of their inputs."""
    entries = (json.loads(line) for line in plan.splitlines())
    return {entry["path"]: int(entry["shard"]) for entry in entries}
