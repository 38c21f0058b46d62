"""Runs damage-sweep over captures, a process each, and starts it again behind what ended it."""

import argparse
import concurrent.futures
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile


def captures(root, shared):
    folders = [root / "fixtures" / "captures", root / "fixtures" / "malformed"]
    folders += [shared / "captures", shared / "samples"]
    files = [f for d in folders if d.is_dir() for f in sorted(d.rglob("*")) if f.is_file()]
    return [f for f in files if f.suffix not in (".md", ".tsv") and f.stat().st_size < 16 << 20]


def sweep(args, capture):
    """Lines about one capture, and how many variants were tried."""
    bad, start, tried = [], 0, 0
    with tempfile.NamedTemporaryFile(dir=args.scratch) as status:
        while True:
            command = [args.sweep, str(capture), str(args.seed), args.amount, str(start), status.name]
            run = subprocess.run(command, capture_output=True, text=True, errors="replace")
            lines = run.stdout.splitlines()
            if lines[:1] == ["skip"]:
                return [], 0
            bad += [line[4:] for line in lines if line.startswith("bad ")]
            plan = [line for line in lines if line.startswith("plan ")]
            tried = int(plan[0].split()[1]) if plan else tried
            if lines[-1:] == ["done"]:
                return bad, tried
            mark = pathlib.Path(status.name).read_bytes()
            if len(mark) < 16:
                return bad + [f"0 the undamaged capture ends the process: {run.stderr[-300:]}"], 0
            place, number = struct.unpack("=qq", mark[:16])
            ended = -run.returncode
            why = "hangs" if ended == signal.SIGALRM else f"ends the process ({run.returncode})"
            bad.append(f"{number} {why}: {run.stderr[-200:].strip()!r}")
            start = place + 1


def spoil_records(args, capture):
    """The same for one field of one record, after it was decoded; nothing where there is no record."""
    amount = str(args.records)
    command = [args.sweep, str(capture), str(args.seed), "records", amount, "-"]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    lines = run.stdout.splitlines()
    bad = [f"record {line[4:]}" for line in lines if line.startswith("bad ")]
    if run.returncode:
        bad.append(f"record ends the process ({run.returncode}): {run.stderr[-200:].strip()!r}")
    return bad, args.records if lines[-1:] == ["done"] else 0


def sweep_both(args, capture):
    bad, tried = sweep(args, capture)
    more, spoilt = spoil_records(args, capture) if args.records else ([], 0)
    return bad + more, tried + spoilt


def main():
    parser = argparse.ArgumentParser(prog="damage")
    parser.add_argument("captures", nargs="*", type=pathlib.Path, metavar="CAPTURE")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--records", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--sweep", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--shared", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.amount = "all" if args.all else str(args.count)
    if args.records is None:
        args.records = 20000 if args.all else args.count
    chosen = args.captures or captures(args.root, args.shared)
    failures = variants = 0
    with tempfile.TemporaryDirectory(prefix="pageledger-damage-") as scratch:
        args.scratch = scratch
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            runs = [(c, pool.submit(sweep_both, args, c)) for c in chosen]
            for capture, run in runs:
                bad, tried = run.result()
                variants += tried
                failures += len(bad)
                print(f"{capture.name}: {tried} variants, {len(bad)} bad", flush=True)
                for line in bad:
                    print(f"  {line}", flush=True)
                    if args.keep and not line.startswith("record "):
                        number = line.split()[0]
                        args.keep.mkdir(parents=True, exist_ok=True)
                        kept = args.keep / f"{number}-{capture.name.removesuffix('.gz')}"
                        dump = [args.sweep, str(capture), str(args.seed), "dump", number, str(kept)]
                        subprocess.run(dump, stdout=subprocess.DEVNULL, check=False)
    print(f"{len(chosen)} captures, {variants} variants, {failures} bad")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
