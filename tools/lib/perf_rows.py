"""Runs inside `perf script -s`: prints each sample as a line of JSON."""

import json


def plain(value):
    if isinstance(value, (bytes, bytearray)):
        return list(value)
    return value


def emit(time, cpu, pid, comm, event, fields):
    row = [time, cpu, pid, comm, event, fields]
    print(json.dumps(row, default=str, separators=(",", ":")))


def trace_unhandled(event, _context, fields, *_):
    """A tracepoint: all its fields by name."""
    time = fields["common_s"] * 1_000_000_000 + fields["common_ns"]
    own = {name: plain(value) for name, value in fields.items() if not name.startswith("common_")}
    emit(time, fields["common_cpu"], fields["common_pid"], fields["common_comm"], event, own)


def process_event(param):
    """Any other event, which has no fields; its address and CPU may be missing."""
    sample = param["sample"]
    emit(sample["time"], sample["cpu"], sample["tid"], param.get("comm", ""), param["ev_name"],
         {"ip": sample["ip"]})
