"""The shipped binary, on the machine of an executor."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile

from pyspark import SparkFiles

NAME = "pageledger"
TOLD = 2000


class CommandError(RuntimeError):
    """The command could not do its work here; another attempt may."""


@dataclass(frozen=True)
class Command:
    """How to run the binary: all that a task must know of it."""

    name: str
    root: str
    scratch: str | None

    def run(self, *words: str, lines: str = "", good: tuple[int, ...] = (0,)) -> tuple[int, str]:
        """Runs it in `root` with `lines` as its input; its exit code, one of `good`, and its output."""
        try:
            done = subprocess.run(
                [binary(self.name), *words], cwd=self.root, input=lines.encode(), capture_output=True, check=False)
        except OSError as error:
            raise CommandError(f"{words[0]}: cannot start {NAME}: {error}") from error
        if done.returncode not in good:
            told = done.stderr.decode(errors="replace").strip()[-TOLD:]
            end = f"code {done.returncode}" if done.returncode >= 0 else f"signal {-done.returncode}"
            raise CommandError(f"{NAME} {' '.join(words[:2])} ended with {end}: {told or 'it said nothing'}")
        return done.returncode, done.stdout.decode(errors="surrogateescape")

    def folder(self) -> "tempfile.TemporaryDirectory[str]":
        """A new folder on the executor's own disk, among those that Spark removes when the executor ends."""
        local = self.scratch or os.environ.get("SPARK_LOCAL_DIRS", "").split(",")[0]
        return tempfile.TemporaryDirectory(prefix="pageledger-", dir=local if os.path.isdir(local) else None)


def binary(name: str) -> str:
    """Where Spark has put the binary."""
    path = SparkFiles.get(name)
    if not os.access(path, os.X_OK):
        own = Path(tempfile.gettempdir()) / f"{NAME}-{os.getpid()}"
        if not own.exists():
            copyfile(path, own)
            own.chmod(0o755)
        return str(own)
    return path
