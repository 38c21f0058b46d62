"""Trials: scenarios under recorders, run in as few boots as the guest's life allows, then judged."""

import re
import shlex
import shutil

import guest as guests
from kernels import HERE
from scenarios import analysis

SECONDS = 120  # for one trial under an emulated processor
BOOT = 90
MOST_BOOTS = 6
OURS = ("record", "tracefs", "script")


class Trial:
    """A scenario under one recorder: how it ended and what is wrong with it."""

    def __init__(self, scenario, recorder):
        self.scenario, self.recorder = scenario, recorder
        self.name = f"{scenario.name}.{recorder}"
        self.state, self.seconds, self.wrong, self.told = "waiting", 0.0, [], ""
        self.tries = 0

    def line(self):
        """The job's line."""
        one = self.scenario
        return f"trial {one.name} {self.recorder} {one.profile} {SECONDS} {shlex.quote(one.run)}\n"

    def row(self):
        """For people."""
        mark = {"ended": "FAILED" if self.wrong else "ok", "left out": "left out"}.get(self.state, "FAILED")
        return f"{mark:9}{self.name:32}{'; '.join(self.wrong) or self.told}"


def planned(table, kernel, form, only, recorders):
    """The trials of a form; destructive ones last."""
    rows = [one for one in table if kernel.debug or not one.module]
    if only:
        rows = [one for one in rows if one.name in only]
    elif form != "full":
        rows = [one for one in rows if (one.fixture if form == "fixtures" else one.quick)]
    rows.sort(key=lambda one: one.last)
    return [
        Trial(one, recorder)
        for one in rows
        for recorder in recorders
        if recorder == "record" or one.peers or only or len(recorders) == 1
    ]


def head(trials, form):
    """What every job begins with."""
    scripts = sorted({trial.scenario.profile for trial in trials if trial.recorder == "script"})
    lines = [f"pageledger record --for {profile} --script >/tmp/script-{profile}\n" for profile in scripts]
    few = "few_symbols\n" if form == "fixtures" else ""
    return f". /out/steps.sh\nprepare\n{few}" + "".join(lines)


def perform(guest, trials, checks, form):
    """Runs the checks, then trials until each has begun once; a guest that dies takes the one it was in with it."""
    shutil.copy(HERE / "guest/steps.sh", guest.out / "steps.sh")
    log = guest.out / "log"
    labels = {}
    for check in checks:
        if check.counted or check.harms or not trials:
            guest.boot(head([], form) + check.job, BOOT + check.seconds, check.counted, check.parameters)
    checks = [check for check in checks if not (check.counted or check.harms)]
    for _ in range(MOST_BOOTS):
        waiting = [trial for trial in trials if trial.state == "waiting"]
        if not waiting:
            break
        log.unlink(missing_ok=True)
        job = head(waiting, form) + "".join([check.job for check in checks] + [trial.line() for trial in waiting])
        guest.boot(job, BOOT + SECONDS * len(waiting) + sum(check.seconds for check in checks))
        if not guest.log() and not checks:
            for trial in waiting:
                trial.state, trial.wrong = "died", [f"the guest did not come up; see console-{guest.boots}.log"]
        checks = []
        follow(guest, {trial.name: trial for trial in waiting})
        labels.update(guests.labels(guest.console(guest.boots)))
    return labels


def follow(guest, trials):
    """Reads what a boot's job told. A trial in which the guest died is tried once more, if it was not meant to kill: an emulated
    processor may hang where a real one does not."""
    for word, name, recorder, *rest in guest.log():
        trial = trials[f"{name}.{recorder}"]
        trial.tries += word == "begin"
        trial.state = "ended" if word == "end" else "died"
        if word == "end":
            trial.seconds, trial.told = float(rest[1]), f"exit code {rest[0]}"
    for trial in trials.values():
        if trial.state == "died" and trial.tries == 1 and not trial.scenario.last:
            print(f"lab: the guest died in {trial.name}; once more", flush=True)
            trial.state = "waiting"
            for path in guest.out.glob(f"{trial.name}*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def captures(trial, out):
    """The file that a trial left, if it did."""
    return [path for path in out.glob(f"{trial.name}.*") if path.suffix in (".dat", ".tar")]


def stopped(trial, out, pageledger):
    """What analyze says of the console when the kernel's own checks end a mistake (CONFIG_DEBUG_VM); empty when they did not."""
    begin = f"lab: {trial.scenario.name} with {trial.recorder}"
    told = [path.read_text(errors="replace") for path in sorted(out.glob("console-*.log"))]
    told = [re.split(r"lab: \S+ with ", text.split(begin)[-1])[0] for text in told if begin in text]
    if not told or "kernel BUG at" not in told[-1] or not trial.scenario.found[True]:
        return ""
    log = out / f"{trial.name}.log"
    log.write_text(told[-1])
    rules = sorted({finding["rule"] for finding in analysis(pageledger, log)[0].get("findings", [])})
    return f"the kernel stopped it: {', '.join(rules)}" if rules else ""


def judge(trial, out, pageledger, debug, blocks):
    """Fills in what is wrong with a trial."""
    text = out / f"{trial.name}.txt"
    said = text.read_text(errors="replace") if text.exists() else ""
    if trial.state == "died":
        stop = stopped(trial, out, pageledger)
        trial.wrong = trial.wrong or ([] if stop else ["the guest died"])
        trial.state, trial.told = ("died" if trial.wrong else "ended"), stop
        return None
    if "lacking: " in said:
        trial.state, trial.told = "left out", "this kernel lacks " + re.search(r"lacking: ([^:\n]*)", said).group(1)
        return None
    capture = captures(trial, out)
    if not capture:
        last = said.strip().splitlines()[-1:] or ["nothing was said"]
        trial.wrong = [f"no capture: {last[0][:160]}"]
        return None
    report, code = analysis(pageledger, capture[0])
    findings = report.get("findings", [])
    sees = trial.recorder in OURS or (trial.scenario.peers and debug)
    trial.wrong = trial.scenario.complaints(findings, debug, blocks, sees)
    if trial.recorder in OURS:
        gaps = {loss["code"] for loss in report.get("losses", []) if loss["severity"] == "data-loss"}
        trial.wrong += [f"the capture is not whole: {gap}" for gap in sorted(gaps)]
    if code == 2 or not report.get("events", {}).get("used"):
        trial.wrong.append(f"the capture cannot be used: {report.get('verdict')}")
    if trial.told != "exit code 0":
        trial.wrong.append(f"{trial.told}: {(said.strip().splitlines() or ['nothing was said'])[-1][:120]}")
    rules = ", ".join(sorted({finding["rule"] for finding in findings})) or "nothing found"
    able = sum(1 for rule in report.get("rules", []) if rule["status"] in ("clean", "findings"))
    read = report.get("events", {}).get("read", 0)
    trial.told = f"{rules}; {read:,} events, {able} rules could decide, {trial.seconds:.0f} s"
    return report
