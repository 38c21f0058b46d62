"""Events of one capture as pageledger and its peers decode them, one row at a time."""

import json
import os
import re
import subprocess

TIME = re.compile(rb"^(.*)-(\d+)\s+\[(\d+)\]\s*(?:\S+\s+)?(\d+)(?:\.(\d{9}))?: (\S+): ?(.*)$")


class Row:
    """One event. `fields` is a dictionary, or text in which the names of the other side are looked up."""

    __slots__ = ("time", "cpu", "pid", "comm", "event", "fields")

    def __init__(self, time, cpu, pid, comm, event, fields):
        self.time, self.cpu, self.pid = time, cpu, pid
        self.comm, self.event, self.fields = comm, event, fields

    def key(self):
        return (self.time, self.cpu, self.pid, self.event)

    def __str__(self):
        return f"{self.comm}-{self.pid} [{self.cpu}] {self.time} {self.event} {self.fields}"


def lines_of(command, stdin=None):
    """Lines of a command's output; the command ends when the reader goes away."""
    process = subprocess.Popen(
        command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=dict(os.environ, LC_ALL="C.UTF-8"))
    with process.stdout as output:
        yield from output
    process.kill()
    process.wait()


def of_pageledger(command, path, stdin=None):
    """Events that pageledger decodes; marks of gaps are left out."""
    for line in lines_of([command, "events", "--format", "ndjson", path], stdin):
        event = json.loads(line)
        if event["system"] != "pageledger":
            yield Row(event["time"], event["cpu"], event["pid"], event["comm"],
                      (event["system"], event["event"]), event["fields"])


def of_trace_cmd(path):
    """Events of `trace-cmd report -R -t`; their fields stay text until the names are known."""
    for line in lines_of(["trace-cmd", "report", "-R", "-t", path]):
        match = TIME.match(line.rstrip(b"\n"))
        if not match:
            continue
        comm, pid, cpu, whole, rest, event, body = match.groups()
        time = int(whole) if rest is None else int(whole) * 1_000_000_000 + int(rest)
        yield Row(time, int(cpu), int(pid), comm.strip().decode("utf-8", "replace"),
                  ("", event.decode("utf-8", "replace")), body.decode("utf-8", "replace"))


def perf_opens(path):
    """False for files that this perf is too old for, or that it cannot repair."""
    command = ["perf", "script", "-F", "pid", "-i", path]
    return subprocess.run(command, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def of_perf(path):
    """Samples as perf hands them to a script."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "perf_rows.py")
    for line in lines_of(["perf", "script", "-s", script, "-i", path]):
        if line.startswith(b"["):
            time, cpu, pid, comm, event, fields = json.loads(line)
            yield Row(time, 0 if cpu == 0xFFFFFFFF else cpu, pid, comm, ("", event), fields)


def trace_cmd_text(path):
    return ["trace-cmd", "report", "-t", path]


def perf_text(path):
    return ["perf", "script", "--ns", "-i", path]


def of_text(command, text_command):
    """Events that pageledger decodes from the text that a peer prints."""
    with subprocess.Popen(text_command, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        yield from of_pageledger(command, "-", process.stdout)
        process.kill()


def fields_of(row, names):
    """Values by name; in text a value ends where the next name stands."""
    if isinstance(row.fields, dict):
        return row.fields
    text, at, starts = " " + row.fields, 0, []
    for name in names:
        place = text.find(f" {name}=", at)
        if place < 0:
            continue
        starts.append((name, place))
        at = place + len(name) + 2
    ends = [place for _, place in starts[1:]] + [len(text)]
    return {name: text[place + len(name) + 2:end].strip()
            for (name, place), end in zip(starts, ends)}
