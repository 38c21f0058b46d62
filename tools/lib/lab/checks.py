"""What `pageledger record` promises beside the capture: tracefs as before, right flags, the same by script, a known cost."""

import difflib
import json
import re
import subprocess

from scenarios import analysis

# Bits of vm_flags by the words of /proc/PID/smaps (fs/proc/task_mmu.c:show_smap_vma_flags, the same in 6.1 and 6.12).
FLAGS = {
    "rd": 0, "wr": 1, "ex": 2, "sh": 3, "mr": 4, "mw": 5, "me": 6, "ms": 7, "gd": 8, "pf": 10, "lo": 13, "io": 14,
    "sr": 15, "rr": 16, "dc": 17, "de": 18, "ac": 20, "nr": 21, "sf": 23, "wf": 25, "dd": 26, "mm": 28, "hg": 29,
    "nh": 30, "mg": 31,
}  # fmt: skip
KNOWN = sum(1 << bit for bit in FLAGS.values())
# While these run, the flags of a vma stand; before them a driver may still set some.
SETTLED = ("vmf_insert_pfn", "insert_pfn", "unmap_page_range", "wp_page_copy", "vmf_insert_mixed", "zap_")
PROFILES = ["kvm", "ttm", "gup", "all"]


class Check:
    """A promise: the job that puts it to the test, and the judgement."""

    def __init__(self, name, seconds, job, judge, counted=False, harms=False, parameters=""):
        self.name, self.seconds, self.job, self.judge = name, seconds, job, judge
        self.counted = counted  # in a boot of its own, whose clock counts instructions
        self.harms = harms  # in a boot of its own, with the module of mistakes
        self.parameters = parameters  # of that boot's kernel
        self.wrong, self.told = [], ""

    def row(self):
        """For people."""
        return f"{'FAILED' if self.wrong else 'ok':9}{self.name:32}{'; '.join(self.wrong) or self.told}"


def ends(name, options):
    """The job that ends a recording in three ways and looks at tracefs after each."""
    record = f"pageledger record --for kvm {options} -o /out/{name}"
    return f"""
tracefs_state >/out/{name}-before.txt
{record}-normal.dat -- legal forks 1 >/out/{name}-normal.log 2>&1
tracefs_state >/out/{name}-normal.txt
ending int /tmp/begun {record}-interrupted.dat -- sh -c '>/tmp/begun; sleep 60' >/out/{name}-interrupted.log 2>&1
tracefs_state >/out/{name}-interrupted.txt
ending kill /tmp/begun {record}-killed.dat -- sh -c '>/tmp/begun; sleep 20' >/out/{name}-killed.log 2>&1
tracefs_state >/out/{name}-killed.txt
pageledger record --clean >/out/{name}-cleaned.log 2>&1
tracefs_state >/out/{name}-cleaned.txt
"""


def judge_of_ends(name, out):
    """What tracefs is after each end, held against what it was before."""
    before = (out / f"{name}-before.txt").read_text().splitlines()
    wrong = []
    for end in ("normal", "interrupted", "cleaned"):
        after = (out / f"{name}-{end}.txt").read_text().splitlines()
        differing = [
            line
            for line in difflib.unified_diff(before, after, lineterm="", n=0)
            if line[:1] in "+-" and line[:3] not in ("+++", "---")
        ]
        if differing:
            wrong.append(f"{end}: {' '.join(differing)[:200]}")
    if (out / f"{name}-killed.txt").read_text().splitlines() == before:
        wrong.append("killed: tracefs is as before, so nothing was recorded when SIGKILL came")
    return wrong, f"{len(before)} lines of tracefs are the same after normal end, Ctrl-C, and SIGKILL with --clean"


def judge_ends(out, _):
    """tracefs after each end of record is tracefs before."""
    return judge_of_ends("ends", out)


def judge_ends_alone(out, _):
    """The same where record reads the buffers itself, without trace-cmd."""
    return judge_of_ends("ends-alone", out)


MAPS = """
timeout 100 pageledger record --for all -o /out/flags.dat -- maps flags >/out/flags.txt 2>&1
"""


def vmas_of(text):
    """What the program saw of its own mappings: [(start, end, flags, words)]."""
    found = []
    for pid, start, end, what, words in re.findall(r"^vma (\d+) (\w+) (\w+) (\S+?) (.*)$", text, re.MULTILINE):
        value = sum(1 << FLAGS[word] for word in words.split() if word in FLAGS)
        found.append((int(pid), int(start, 16), int(end, 16), value, what))
    return found


def number(text):
    """A field of an event as a number."""
    return text if isinstance(text, int) else int(str(text), 0)


def judge_flags(out, pageledger):
    """Flags that probes read are those of /proc/PID/smaps."""
    vmas = vmas_of((out / "flags.txt").read_text(errors="replace"))
    if not vmas:
        return ["the workload told no flags"], ""
    words = [str(pageledger), "events", "--format", "ndjson", str(out / "flags.dat")]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines()
    compared, wrong, kinds = 0, [], set()
    for line in told:
        event = json.loads(line)
        fields = event.get("fields", {})
        name = event.get("event", "")
        if "vm_flags" not in fields or not name.startswith(SETTLED):
            continue
        at = next((number(fields[key]) for key in ("addr", "address", "start") if key in fields), None)
        for pid, start, end, flags, what in vmas:
            if at is not None and start <= at < end and event.get("pid", pid) == pid:
                compared += 1
                kinds.add(what)
                if number(fields["vm_flags"]) & KNOWN != flags:
                    wrong.append(f"{name} of {what}: {number(fields['vm_flags']):#x}, smaps {flags:#x}")
    if not compared:
        wrong.append("no probe showed the flags of a mapping that the workload told")
    return wrong[:3], f"{compared} times the flags of smaps ({', '.join(sorted(kinds))})"


# Both workloads in one recording: what a recorder sets up and saves is no part of the cost of an event. Each three times, of which the
# best counts, because other work of the machine comes between.
BASE = "sh /tmp/commands | sed 's/^/none /' >>/out/cost.txt\n"
COST = "".join(
    [
        "echo 'for _ in 1 2 3; do cost forks 60; cost buffers 30; done' >/tmp/commands\n",
        BASE,
        *(
            f"pageledger record --for {profile} -o /tmp/cost.dat -- sh /tmp/commands 2>/dev/null |"
            f" sed 's/^/{profile} /' >>/out/cost.txt; rm -f /tmp/cost.dat\n"
            for profile in PROFILES
        ),
    ]
)


def judge_cost(out, _):
    """A table of ratios of instructions, with and without recording."""
    times = {}
    text = (out / "cost.txt").read_text()
    for profile, workload, seconds in re.findall(r"^(\w+) cost (\w+) ([\d.]+)$", text, re.MULTILINE):
        times.setdefault((workload, profile), []).append(float(seconds))
    lines, wrong = [], []
    for workload in ("forks", "buffers"):
        base = min(times.get((workload, "none"), [0]))
        ratios = []
        for profile in PROFILES:
            if base and (workload, profile) in times:
                ratios.append(f"{profile} {min(times[workload, profile]) / base:.2f}")
            else:
                wrong.append(f"no time of {workload} under {profile}")
        lines.append(f"{workload} {base:.2f} s, times slower: {', '.join(ratios)}")
    return wrong, "; ".join(lines)


PROMISES = "".join(
    f"pageledger record --for {profile} --explain >/out/promise-{profile}.txt 2>&1\n" for profile in PROFILES
)
# Trials whose captures are held against what was promised for their profile.
KEEPERS = {"kvm": "guest-buffer", "ttm": "buffers", "gup": "direct", "all": "forks"}


def rules_of(text):
    """The rules that a sentence such as "Decidable: PL001 to PL003, PL007" names."""
    sentence = re.search(r"^Decidable: (.*(?:\n {4}.*)*)", text, re.MULTILINE)
    found = set()
    for first, last in re.findall(r"PL(\d{3})(?: to PL(\d{3}))?", sentence.group(1) if sentence else ""):
        found.update(range(int(first), int(last or first) + 1))
    return {f"PL{rule:03}" for rule in found if rule < 100}


def judge_promise(out, pageledger):
    """What --explain promised is what info says of the capture."""
    wrong, told = [], []
    for profile in PROFILES:
        capture = out / f"{KEEPERS[profile]}.record.dat"
        if not capture.exists():
            wrong.append(f"no capture of {profile}")
            continue
        promised = rules_of((out / f"promise-{profile}.txt").read_text())
        words = [str(pageledger), "info", "--format", "json", str(capture)]
        report = json.loads(subprocess.run(words, capture_output=True, text=True, check=False).stdout)
        kept = {rule["id"] for rule in report["rules"] if rule["status"] == "decidable" and rule["id"] < "PL100"}
        if promised != kept:
            broken, beyond = " ".join(sorted(promised - kept)), " ".join(sorted(kept - promised))
            wrong.append(f"{profile}: promised and not kept: {broken or '-'}, kept and not promised: {beyond or '-'}")
        told.append(f"{profile} {len(kept)}")
    return wrong, f"rules that can be decided, as promised: {', '.join(told)}"


# A ring is saved three times: asked for by a signal, by a warning in the kernel's log, by a condition on an event.
RINGS = """
cat >/tmp/commands <<'END'
. /out/steps.sh
legal forks 1
kill -USR1 $PPID
saved "$1-1.$2"
legal forks 1
echo 'WARNING: CPU: 0 at lab' >/dev/kmsg
echo '---[ end trace ]---' >/dev/kmsg
saved "$1-2.$2"
vcpu ttm none 64
saved "$1-3.$2"
END
rings rings kvm --trigger 'kmem:mm_page_alloc if order == 4'
"""

# The kernel itself complains, in three ways. The oops ends the process that caused it, and ends what the kernel's own buffer records
# (kernel/panic.c:oops_enter). (A build without CONFIG_DEBUG_VM looks for bad
# pages when it clears what it gives out: mm/mm_init.c:mem_debugging_and_hardening_init, 6.12.)
FLIGHT = """
echo 0 >/proc/sys/kernel/panic_on_oops
cat >/tmp/commands <<'END'
. /out/steps.sh
misuse warn
saved "$1-1.$2"
misuse oops
echo 1 >$T/tracing_on
saved "$1-2.$2"
misuse bad-page
saved "$1-3.$2"
END
rings flight all
"""
CAUSES = ["WARNING: ", "BUG: kernel NULL pointer", "BUG: Bad page state"]


def judge_ring(path, end, pageledger):
    """What is wrong with a ring that was saved, where it ends, and how many events it has."""
    if not path.exists():
        return [f"no {path.name}"], end, 0
    words = [str(pageledger), "info", "--format", "json", str(path)]
    report = json.loads(subprocess.run(words, capture_output=True, text=True, check=False).stdout)
    wrong = [f"{path.name}: {loss['code']}" for loss in report["losses"] if loss["code"] != "overrun"]
    if report["capture"]["start"] < end:
        wrong.append(f"{path.name} begins before its forerunner ends")
    return wrong, report["capture"]["end"], report["events"]["read"]


def judge_all(name, out, pageledger):
    """What is wrong with the rings that `rings` of steps.sh left, and how many events each has."""
    before, wrong, told = (out / f"{name}-before.txt").read_text(), [], []
    for means, suffix in (("record", "dat"), ("script", "tar")):
        if (out / f"{name}-{means}.txt").read_text() != before:
            wrong.append(f"{means}: tracefs is not as before")
        end = 0
        for number in (1, 2, 3):
            more, end, events = judge_ring(out / f"{name}.{means}-{number}.{suffix}", end, pageledger)
            wrong += more
            told.append(f"{events:,}")
        if (out / f"{name}.{means}-4.{suffix}").exists():
            wrong.append(f"{means}: a fourth ring, for no cause")
    return wrong, f"events of the rings: {', '.join(told)}"


def judge_rings(out, pageledger):
    """A flight recorder, also a script's, saves each ring once and whole, and leaves tracefs as it was."""
    return judge_all("rings", out, pageledger)


def judge_flight(out, pageledger):
    """A real WARN, oops and bad page each save a ring that shows who caused it."""
    wrong, told = judge_all("flight", out, pageledger)
    causes = re.findall(r"-\d\.dat: (.*)", (out / "flight-record.log").read_text(errors="replace"))
    for number, cause in enumerate(CAUSES):
        said = causes[number] if number < len(causes) else "nothing"
        if cause not in said:
            wrong.append(f"record: ring {number + 1} is there for {said[:60]}, not for {cause}")
    for path in sorted([*out.glob("flight.*-?.dat"), *out.glob("flight.*-?.tar")]):
        words = [str(pageledger), "events", "--format", "ndjson", str(path)]
        events = subprocess.run(words, capture_output=True, text=True, check=False).stdout
        if '"comm":"misuse"' not in events:
            wrong.append(f"{path.name}: nothing of the process that caused it")
        if ('"event":"bad_page"' if "-3." in path.name else "---[ end trace ") not in events:
            wrong.append(f"{path.name}: the end of the kernel's complaint is not in it")
        report, code = analysis(pageledger, path)
        rules = {finding["rule"] for finding in report["findings"]}
        if code == 2 or rules != ({"PL101"} if "-3." in path.name else set()):
            wrong.append(f"{path.name}: {', '.join(sorted(rules)) or report['verdict']}")
    return wrong, told


# A machine that dies: booted as --flight --print says, it leaves nothing but its console.
RECIPE = """
misuse ref-on-tail
misuse oops
"""


def recipe(kernel, pageledger):
    """The parameters that --flight --print gives for a kernel of ours."""
    words = [str(pageledger), "record", "--flight", "--print", "--for", "PL001", "--btf", str(kernel.tree / "vmlinux")]
    words += ["--kernel", kernel.version]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return " ".join(re.findall(r"^#   ((?:trace_clock|trace_event|kprobe_event)=.*)$", told, re.MULTILINE))


def judge_recipe(out, pageledger):
    """A kernel that was booted as --flight --print says prints its ring when it dies, and the console tells the mistake."""
    dumps = [path for path in out.glob("console-*.log") if "Dumping ftrace buffer" in path.read_text(errors="replace")]
    if len(dumps) != 1:
        return [f"{len(dumps)} consoles have a dump"], ""
    report, _ = analysis(pageledger, dumps[0])
    rules = {finding["rule"] for finding in report["findings"]}
    wrong = [] if rules == {"PL001"} else [", ".join(sorted(rules)) or report["verdict"]]
    return wrong, f"{', '.join(sorted(rules))}; {report['events']['read']:,} events in {dumps[0].name}"


def judge_script(out, pageledger):
    """Script and record find the same."""
    wrong, told = [], []
    for script in sorted(out.glob("*.script.*")):
        name = script.name.split(".")[0]
        record = out / f"{name}.record.dat"
        if script.suffix == ".txt" or not record.exists():
            continue
        answers = [
            sorted({finding["rule"] for finding in analysis(pageledger, path)[0].get("findings", [])})
            for path in (record, script)
        ]
        if answers[0] != answers[1]:
            wrong.append(f"{name}: record {answers[0]}, script {answers[1]}")
        told.append(f"{name} {', '.join(answers[1]) or 'nothing found'}")
    return wrong, "the same as record: " + "; ".join(told)


def planned(form, only):
    """The checks of a form, each with its job."""
    every = [
        Check("ends", 180, ends("ends", ""), judge_ends),
        Check("flags", 120, MAPS, judge_flags),
        Check("promise", 60, PROMISES, judge_promise),
        Check("script", 0, "", judge_script),
        Check("ends-alone", 180, ends("ends-alone", "--with tracefs"), judge_ends_alone),
        Check("rings", 600, RINGS, judge_rings),
        Check("flight", 600, FLIGHT, judge_flight, harms=True, parameters="init_on_alloc=1"),
        Check("recipe", 400, RECIPE, judge_recipe, harms=True),
        Check("cost", 1200, COST, judge_cost, counted=True),
    ]
    if only:
        return [check for check in every if check.name in only]
    return every if form == "full" else every[:4] if form == "quick" else []
