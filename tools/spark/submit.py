"""Gives a manifest of captures to Spark; README.md beside this file says how."""

import io
import sys
import tempfile
from contextlib import redirect_stderr
from pathlib import Path
from zipfile import ZipFile

HERE = Path(__file__).resolve().parent
PACKAGE = HERE / "pageledger_spark"

if PACKAGE.is_dir():
    sys.path.insert(0, str(HERE))

from pageledger_spark.job import run  # noqa: E402
from pageledger_spark.options import parse  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402


def ship(session: SparkSession, folder: Path) -> None:
    """Gives executors the package, packed in `folder`, which must last; on a cluster `--py-files` may have brought it."""
    if not PACKAGE.is_dir():
        return
    path = folder / "pageledger_spark.zip"
    with ZipFile(path, "w") as archive:
        for file in sorted(PACKAGE.glob("*.py")):
            archive.write(file, f"{PACKAGE.name}/{file.name}")
    session.sparkContext.addPyFile(str(path))


class SparkErrors(io.TextIOBase):
    """The standard error of the JVM: spark-submit mixes that of Python into its standard output, which is the report's."""

    def __init__(self, session: SparkSession) -> None:
        self.stream = session.sparkContext._jvm.java.lang.System.err

    def write(self, words: str) -> int:
        self.stream.print(words)
        return len(words)


def main() -> int:
    """The exit code of `pageledger batch`."""
    options = parse(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="pageledger-") as folder:
        session = SparkSession.builder.appName("pageledger").getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        try:
            ship(session, Path(folder))
            with redirect_stderr(SparkErrors(session)):
                return run(session, options)
        finally:
            session.stop()


if __name__ == "__main__":
    sys.exit(main())
