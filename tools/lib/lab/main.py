"""The lab of tools/lab: boots kernels, makes them misbehave, records it, and asks whether analyze sees it."""

import argparse
import json
import os
import pathlib
import shutil
import sys
import time

import checks
import image
import kernels
import scenarios
import trials
from guest import Guest

VERSIONS = ["6.1", "6.12"]
RECORDERS = ["record", "tracefs", "script", "trace_cmd", "perf"]


def arguments():
    """The command line; tools/lab tells it to people."""
    parser = argparse.ArgumentParser(prog="tools/lab", add_help=False)
    parser.add_argument("form", choices=["quick", "full", "fixtures"])
    parser.add_argument("out", nargs="?")
    parser.add_argument("--kernel")
    parser.add_argument("--tree")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--recorder", action="append", choices=RECORDERS)
    parser.add_argument("--accel", choices=["tcg", "kvm"], default="tcg")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--pageledger", required=True)
    parser.add_argument("--work", required=True)
    return parser.parse_intermixed_args()


def chosen(options, cache):
    """The kernels to boot, one after the other."""
    if options.kernel and options.kernel not in VERSIONS:
        yield kernels.from_file(options.kernel, options.tree)
        return
    versions = [options.kernel] if options.kernel else VERSIONS if options.form == "full" else VERSIONS[:1]
    for version in versions:
        if options.form == "full":
            yield kernels.built(version, cache, os.cpu_count() or 1)
        else:
            yield kernels.stock(version, cache)


def pack(table, out):
    """Puts the captures that the table names into the folder of fixtures."""
    for one in table:
        capture = out / f"{one.name}.record.dat"
        if one.fixture and capture.exists():
            target = kernels.HERE.parents[2] / "fixtures/captures" / one.fixture
            shutil.copyfile(capture, target)
            print(f"lab: {target.name}, {target.stat().st_size:,} bytes; its row in fixtures/README.md says what it is")


def show(options):
    """--list."""
    for one in scenarios.table(options.kernel or VERSIONS[0]):
        forms = "quick, full" if one.quick else "full"
        print(f"{one.name:20} {forms:12} {' '.join(one.found[True]) or '-':16} {one.about}")
    quick = {check.name for check in checks.planned("quick", [])}
    for check in checks.planned("full", []):
        forms = "quick, full" if check.name in quick else "full"
        print(f"{check.name:20} {forms:12} {'-':16} {check.judge.__doc__}")


def visit(kernel, options, out, work):
    """All trials of a form on one kernel; returns them judged."""
    begun = time.monotonic()
    print(f"lab: Linux {kernel.version}, {options.form} form, {options.accel}", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    initramfs = work / "initramfs"
    image.make(initramfs, kernel, pathlib.Path(options.pageledger).resolve(), work)
    guest = Guest(kernel, initramfs, out, options.accel)
    table = scenarios.table(kernel.series)
    recorders = ["record"] if options.form == "fixtures" else options.recorder or RECORDERS
    plan = trials.planned(table, kernel, options.form, options.only, recorders)
    tests = checks.planned(options.form, options.only) if recorders == RECORDERS or options.only else []
    tests = [check for check in tests if kernel.debug or not check.harms]
    for check in tests:
        if check.name == "recipe":
            check.parameters = checks.recipe(kernel, options.pageledger)
    labels = trials.perform(guest, plan, tests, options.form)
    for trial in plan:
        blocks = labels.get((trial.scenario.name, trial.recorder), [])
        trials.judge(trial, out, options.pageledger, kernel.debug, blocks)
        print(trial.row(), flush=True)
    for check in tests:
        try:
            check.wrong, check.told = check.judge(out, options.pageledger)
        except (OSError, ValueError, KeyError) as error:
            check.wrong = [f"no answer: {error}"]
        print(check.row(), flush=True)
    seconds = time.monotonic() - begun
    wrong = [each for each in plan + tests if each.wrong]
    if options.form == "fixtures" and not wrong:
        pack(table, out)
    for trial in plan if not options.keep else []:
        for capture in trials.captures(trial, out) if trial not in wrong else []:
            capture.unlink()
    print(
        f"lab: {len(plan)} trials, {len(tests)} checks, {len(wrong)} failed, {guest.boots} boots, {seconds:.0f} s",
        flush=True,
    )
    rows = [{"name": each.name, "wrong": each.wrong, "told": each.told} for each in plan + tests]
    told = {"kernel": kernel.version, "form": options.form, "seconds": round(seconds, 1), "trials": rows}
    (out / "lab.json").write_text(json.dumps(told, indent=1))
    return not wrong


def main():
    """The whole visit; 0 when nothing failed."""
    options = arguments()
    if options.list:
        return show(options)
    names = {one.name for one in scenarios.table(VERSIONS[0])} | {one.name for one in checks.planned("full", [])}
    unknown = set(options.only) - names
    if unknown:
        sys.exit(f"lab: no scenario {', '.join(sorted(unknown))}; --list shows all")
    work = pathlib.Path(options.work).resolve()
    cache = work / "kernels"
    cache.mkdir(parents=True, exist_ok=True)
    good = True
    try:
        for kernel in chosen(options, cache):
            out = pathlib.Path(options.out or work / "results").resolve() / f"{kernel.version}-{options.form}"
            good = visit(kernel, options, out, work) and good
    except kernels.Missing as missing:
        print(f"lab: {missing}", file=sys.stderr)
        return 69
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
