"""Runs the fuzzers of tools/fuzz, keeps what they find, and measures what their corpus reaches."""

import argparse
import concurrent.futures
import gzip
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import io
import struct
import sys
import tarfile
import tempfile
import zipfile
import zlib

import hostile

TARGETS = "capture fields layers folder subbuffers sections formats perf console symbols elf json store btf kernel replay".split()
LENGTHS = {"capture": 24576, "fields": 24576, "console": 24576, "elf": 32768, "symbols": 8192, "json": 8192, "folder": 16384,
           "kernel": 16384}
MODULES = "LedgerCapture LedgerFormat LedgerInput LedgerSymbols".split()
# Files of LedgerInput that interpret no byte of an input:
NO_READERS = (
    # they write, or move bytes as they are, between files or threads;
    "AppendFile ByteSink EventChunk HandOver Host/PrivateFile Host/RawBuffer Relay Spool SQLite/ "
    # they sum or measure what others have read or made (GzipSize packs a report to know its size);
    "ContentHash GzipSize InputDigest SHA256 "
    # they ask the system about names, processes, variables and signals.
    "ChildProcess Environment FileIdentity FolderLock ForeignLink Host/RecordedCommand Host/StopSignals StopRequest"
).split()
READERS = [f"Sources/{module}/" for module in MODULES] + ["Sources/LedgerRecord/BTF/", "Sources/LedgerRecord/Kernel/"] + [
    f"Sources/LedgerBatch/{file}"
    for file in ("AnalysisReader", "CaptureRow", "FindingRow", "FindingSet", "JSON", "Manifest", "ShardFile", "ShardRecord", "SummaryReader",
                 "Suppressions")
]


def cut(data, length):
    """The beginning, of a text up to the end of a line."""
    piece = data[:length]
    return piece[: piece.rfind(b"\n") + 1] or piece if b"\0" not in piece else piece


def objects(folder):
    """Small ELF files with lines, of one function and with an inlined one; none without a C compiler."""
    source = folder / "seed.c"
    source.write_text("static inline int f(int x) { return x * 3 + 1; }\nint main(void) { return f(2); }\n")
    made = []
    for number, flags in enumerate((["-g", "-c"], ["-g", "-O2", "-c", "-gz"], ["-g", "-nostdlib", "-Wl,-e,main"])):
        built = folder / f"object-{number}"
        run = subprocess.run(["cc", *flags, "-o", built, source], capture_output=True, check=False)
        if run.returncode == 0:
            made.append(built.read_bytes())
            built.unlink()
    source.unlink()
    kernel, kernel_ = folder / "kernel.c", folder / "kernel"
    kernel.write_text("void _text(void) {}\nvoid free_unref_page(void) {}\nint main(void) { return 0; }\n")
    for flags in (["-Wl,--build-id"], ["-Wl,--build-id=none"]):
        run = subprocess.run(["cc", "-O1", "-nostdlib", "-static", "-Wl,-e,main", "-Wl,-Ttext=0x81000000", *flags, "-o", kernel_, kernel],
                             capture_output=True, check=False)
        if run.returncode == 0:
            made.append(kernel_.read_bytes())
            kernel_.unlink()
    kernel.unlink()
    return made


def archive(files):
    """A tar of files by name."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def tracefs(with_formats=True):
    """A copy of tracefs with two events, as a tar."""
    texts, offset = hostile.formats(), 4 + 5 + 4
    files = {"t/per_cpu/cpu0/trace_pipe_raw": hostile.sub_buffer(), "t/per_cpu/cpu0/stats": b"entries: 3\nnow ts: 5.0\n"}
    for name in ("mm_page_alloc", "mm_page_free"):
        size = struct.unpack_from("<Q", texts, offset)[0]
        if with_formats:
            files[f"t/events/kmem/{name}/format"] = texts[offset + 8 : offset + 8 + size]
        offset += 8 + size
    header = hostile.header_page()
    files["t/events/header_page"] = header[20 : 20 + struct.unpack_from("<Q", header, 12)[0]]
    files["t/trace_clock"] = b"local [global]\n"
    files["t/buffer_size_kb"], files["t/buffer_total_size_kb"] = b"7\n", b"7\n"
    files["t/saved_cmdlines"] = b"1 init\n"
    files["sys/kernel/notes"] = struct.pack("<III4s20s", 4, 20, 3, b"GNU", bytes(range(20)))
    return archive(files)


FREE = "page=0x1400 pfn=0x1400 order=0"
REFERENCE = "pfn=0x1400 flags=none count=1 mapcount=0 mapping=(nil) mt=0 val=1"
BUG = ["BUG: Bad page state in process a  pfn:1400", "page:0000 refcount:2 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x1400",
       "page dumped because: nonzero _refcount", "CPU: 1 PID: 7 Comm: a Not tainted 6.1.192 #1", "Call Trace:", " <TASK>",
       " dump_stack_lvl+0x34/0x44", " bad_page+0x70/0xa0", " </TASK>"]


def dialects():
    """The same few events and complaints in the words of each printer and logger."""
    rows = [(1000 + n, n % 2, ("kmem:mm_page_free", FREE) if n % 3 else ("page_ref:page_ref_set", REFERENCE)) for n in range(24)]
    perf = "".join(f"a b {7 + cpu}/{7 + cpu} [00{cpu}] {t / 1000:.6f}: {name}: {body}\n" for t, cpu, (name, body) in rows)
    chains = "".join(f"task {7 + cpu} [00{cpu}] {t / 1000:.6f}: {name}: {body}\n\tffffffff81000010 f+0x10 ([kernel.kallsyms])\n"
                     "\t    7f0000001000 main+0x4 (/usr/bin/a)\n\n" for t, cpu, (name, body) in rows)
    deltas = "".join(f"task {7 + cpu} [00{cpu}] {0.001 * n:9.6f}: {name}: {body}\n" for n, (t, cpu, (name, body)) in enumerate(rows))
    header = "# ========\n# captured on    : Sat Nov 21 2026\n# hostname : h\n# os release : 6.1.0\n# nrcpus online : 2\n# ========\n#\n"
    ftrace = "".join(f"  t-{7 + cpu}  [00{cpu}] d..2.  {t / 1000:.6f}: {name.split(':')[1]}: {body}\n" for t, cpu, (name, body) in rows)
    report = "cpus=2\n" + "".join(f"  t-{7 + cpu}  [00{cpu}]  {t / 1000:.6f}: {name.split(':')[1]}:  {body}\n" for t, cpu, (name, body) in rows)
    dump = ["Dumping ftrace buffer:", "---------------------------------"]
    dump += [f"  t-{7 + cpu}       {cpu}d..2.. {t * 1000}us : {name.split(':')[1]}: {body}" for t, cpu, (name, body) in rows]
    log = BUG + dump + ["---------------------------------", "Kernel panic - not syncing: x", "Kernel Offset: 0x1000000 from 0xffffffff81000000"]

    def dressed(dress, lines=log):
        return "".join(dress(n, line) for n, line in enumerate(lines))

    texts = [
        perf, header + perf, chains, header + deltas, perf.replace("[000] ", "").replace("[001] ", ""), ftrace, report,
        re.sub(r" \d+\.\d+:", "", perf), perf.replace("kmem:mm_page_free: " + FREE, "kmem:mm_page_free:"),
        "<!DOCTYPE html><html><body>\n<script class=\"trace-data\" type=\"application/text\">\n# tracer: nop\n#\n" + ftrace
        + "</script>\n</body></html>\n", ftrace.replace("<", "&lt;").join(["<html><pre>\n# tracer: nop\n#\n", "</pre></html>\n"]),
        "##### CPU 0 buffer started ####\n" + ftrace, "CPU:1 [LOST 12 EVENTS]\n" + ftrace, "> " + ftrace.replace("\n", "\n> "),
        ftrace.replace("order=0\n", "order=0\n => f\n => kernel_stack+0x10/0x20\n"),
        dressed(lambda n, x: f"[{n:5}.{100000 + n:06}] {x}\n"), dressed(lambda n, x: f"<4>[{n:5}.{100000 + n:06}][  T{n}] {x}\n"),
        dressed(lambda n, x: f"Jan  2 03:04:{n % 60:02} host kernel: [{n:5}.{100000 + n:06}] {x}\n"),
        dressed(lambda n, x: f"2026-01-02T03:04:{n % 60:02}.123456+00:00 host kernel: {x}\n"),
        dressed(lambda n, x: f"6,{n},{n}000000,-;{x}\n SUBSYSTEM=mm\n"), dressed(lambda n, x: f"6,{n},{n}000000,-,ncfrag=0/{len(x)};{x}\n"),
        dressed(lambda n, x: f"<6>1 2026-01-02T03:04:05Z host kernel - - - [{n:5}.{100000 + n:06}] {x}\n"),
        dressed(lambda n, x: f"01-02 03:04:05.{n:03} 0 0 I kernel  : {x}\n"), dressed(lambda n, x: f"[  +0.{n:06}] {x}\n"),
        dressed(lambda n, x: f"[Jan 2 03:0{n % 10}] {x}\n"), dressed(lambda n, x: f"[Fri Jan  2 03:04:{n % 60:02} 2026] {x}\n"),
        dressed(lambda n, x: json.dumps({"__REALTIME_TIMESTAMP": str(n), "_TRANSPORT": "kernel", "MESSAGE": x}) + "\n"),
        dressed(lambda n, x: f"__CURSOR=s={n}\n__REALTIME_TIMESTAMP={n}\n_TRANSPORT=kernel\nMESSAGE={x}\n\n"),
        json.dumps({"dmesg": [{"pri": 4, "time": n, "msg": x} for n, x in enumerate(log)]}, indent=1) + "\n",
        dressed(lambda n, x: "- " + json.dumps({"dt": "2026-01-02T03:04:05.1", "lvl": "target", "msg": f"[{n:5}.{100000 + n:06}] {x}"}) + "\n"),
        dressed(lambda n, x: f"2026-01-02T03:04:05.1234567Z \x1b[32m[{n:5}.{100000 + n:06}]\x1b[0m {x}\r\n"),
        dressed(lambda n, x: f"Panic#1 Part{n // 12}\n<4>[{n:5}.{100000 + n:06}] {x}\n"),
    ]
    stamped = [f"[{n:5}.{100000 + n:06}] " for n in range(99)]
    texts.append("".join(a + b + "\n" for a, b in zip(stamped, ["Linux version 6.1.0 (x@y) #1", *COMPLAINTS])))
    cut = [line[: n % 40 + 2] for n, line in enumerate(dump[2:])] + ["Kernel Offset: disabled", "** 7 printk messages dropped **", FREE + " mm_page_free:"]
    texts.append("".join(a + b + "\n" for a, b in zip(stamped, [*dump[:2], *cut, *dump[2:], "---------------------------------", "Dumping ftrace buffer:",
                                                              "   (ftrace buffer empty)"])))
    texts += [dressed(lambda n, x: form.format(x), COMPLAINTS + BUG) for form in LOGCAT]
    texts.append(perf[:400] + "".join(f"t 7/7 [001] 1.{n:06}: {line}\n" for n, line in enumerate((
        "PERF_RECORD_LOST lost 5", "PERF_RECORD_COMM: x", "page_ref_set: " + REFERENCE, "kmem:mm_page_free:", "cycles:u:  ffff f+0x1 (x)", "kmem:mm_page_free", "")))
                 + "junk\nmm_page_free: page=1 pfn=0x1\n PERF_RECORD_X\nt 7 1.5: kmem:mm_page_free: " + FREE + "\n")
    texts.append(header + "# clockid: monotonic_raw (4)\n# event : name = x\n" + perf.replace(f"[000] ", ""))
    texts.append(perf.replace(" [000]", "     7 [000]").replace(": kmem", ":     1 kmem"))
    texts.append("".join(f"2026-01-02T03:04:{n % 60:02}.1234567Z {line}\n" for n, line in enumerate(("# tracer: nop\n#\n" + ftrace).split("\n"))))
    texts.append("".join(f"{n:03}: [03:04:{n % 60:02}] {line}\n" for n, line in enumerate(ftrace.split("\n"))))
    texts.append("".join(f'- {{"dt": "2026-01-02T03:04:05.1", "lvl": "target", "msg": "{line}"}}\r\n' for line in ftrace.split("\n")))
    old = "# tracer: nop\n#\n" + ftrace + '  t-7 [000] d..2. 2.0: print: "a" \\ b\n'
    for line in ("\\n\\\n", "\\n\\\r\n"):
        texts.append('<html><script>\n  var linuxPerfData = "\\\n' + old.replace("\\", "\\\\").replace('"', '\\"').replace("\n", line) + '";\n</script></html>\n')
    texts.append('<html><div id="viewer-data">x</div></html>\n')
    texts.append("# tracer: nop\n#\n" + "".join(f"  t-7  [000] d..2.  1.{n:06}: {line}\n" for n, line in enumerate(BODIES)))
    texts.append("".join(f"t 7/7 [000] 1.{n:06}: {'mmap' if 'vma' in line else 'kmem'}:{line}\n" for n, line in enumerate(BODIES)))
    return [text.encode() for text in texts]


COMPLAINTS = [
    "BUG: Bad page map in process a  pte:8000 pmd:7000", "addr:00007f00 vm_flags:00 anon_vma:0 mapping:0 index:7f", "BUG: Bad page state: 12 messages suppressed",
    "BUG: Bad page cache in process a  pfn:01400", "BUG: Bad rss-counter state mm:00000000abcd type:MM_ANONPAGES val:-1 Comm:x Pid:1",
    "BUG: Bad rss-counter state mm:00000000abcd idx:1 val:3", "BUG: non-zero pgtables_bytes on freeing mm: 4096", "refcount_t: underflow; use-after-free.",
    "BUG: KASAN: slab-use-after-free in xas_start+0x1ef/0x7b0", "Read of size 8 at addr ffff888100000000 by task a/7", "get_swap_device: Bad swap file entry 1000000",
    "kernel BUG at mm/page_alloc.c:1134!", "invalid opcode: 0000 [#1] PREEMPT SMP", "RIP: 0010:free_pages+0x1/0x2", "Call Trace:", " <TASK>", " ? f+0x1/0x2",
    " put_page+0x1/0x2 [kvm]", " </TASK>", "---[ end trace 0000000000000000 ]---", "WARNING: CPU: 1 PID: 83 at mm/gup.c:130 try_grab_folio+0x1/0x2",
    "Modules linked in: kvm", "CPU: 1 PID: 83 Comm: a Tainted: G B 6.1.192 #1", "WARNING: mm/gup.c:130 at try_grab_folio+0x1/0x2, CPU#1: comm/83",
    "WARNING: [folio_ref_zero(folio)] include/linux/mm.h:130 at put_page+0x1/0x2, CPU#1: comm", "page:00000000dbb7d825 refcount:-1 mapcount:0 mapping:0 index:0x0 pfn:0x1400",
    "page: refcount:0 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x1400", "head:00000000dbb7d825 order:9 compound_mapcount:0 compound_pincount:0",
    "flags: 0x17ffffc0000000(node=0|zone=2|lastcpupid=0x1fffff)", "raw: 0017ffffc0000000 0000000000000000", "page dumped because: VM_BUG_ON_PAGE(page_ref_count(page) == 0)",
    "page_owner tracks the page as allocated", "watchdog: x BUG: Bad page state in process b  pfn:01401",
]
LOGCAT = [
    "W/kernel  (    0): {}", "W/kernel: {}", "W(    0) {}  (kernel)", "11-21 20:24:23.003 W/kernel  (    0): {}", "11-21 20:24:23.003     0     0 W kernel  : {}",
    "1763756663.003     0     0 W kernel  : {}", "11-21 20:24:23.003 +0100 root     0     0 W         : {}", "11-21 20:24:23.003     0     0 W BUG     : {}",
    "<4>1 2026-11-21T20:24:23.003Z host kernel - - - {}", '<4>1 2026-11-21T20:24:23.003+01:00 host kernel 7 x [a b="c\\"]"][d] \ufeff{}', "<4>1 - host prog - - - {}",
    "<4>Nov 21 20:24:23 host kernel: {}", "Fri Nov 21 20:24:23 2026 kern.warn kernel: {}", "kern  :warn  : [    1.000000] {}", "[    1.000000][    T7] {}",
]
BODIES = [
    "vma_store: mt_mod 0x1000, (0x2000), STORE, 4096, 8191,", "vma_mas_szero: mt_mod 0x1000, (NULL), SNULL, 4096, 8191,", "exit_mmap: mt_mod 0x1000, DESTROY",
    "vma_store: mt_mod 0x1000, (0x2000), STORE, 4096", "vma_store: mt_mod 0x1000, (0x", "mm_page_alloc: page=0x1 pfn=0x1400 order=0 migratetype=0 gfp_flags=GFP_KERNEL|__GFP_COMP",
    "mm_page_alloc: page=(nil) pfn=0 order=9 migratetype=0 gfp_flags=0x1|0x2", "mm_page_free: page=1 pfn=0xzz order=0", "mm_page_free: page=1",
    "mm_page_free_batched: page=1 pfn=0x1400 order=0", "mm_page_alloc_zone_locked: page=1 pfn=0x1400 order=0 migratetype=1 cpu=0 percpu_refill=1",
]


def version6_instance():
    """Two buffers with clocks of their own, and one that was never saved."""
    pages = hostile.sub_buffer() + hostile.sub_buffer(9000)

    def made(at):
        options = struct.pack("<HI", 3, 10) + struct.pack("<Q", at) + b"i\0" + struct.pack("<HII", 8, 4, 1)
        options += struct.pack("<HI", 3, 13) + struct.pack("<Q", 0) + b"none\0" + struct.pack("<HI", 4, 9) + b"[global]\0"
        statistics = b"CPU: 0\nentries: 900\noverrun: 3\ncommit overrun: 1\ndropped events: 2\n\0"
        options += struct.pack("<HI", 2, len(statistics)) + statistics + struct.pack("<HI", 2, 13) + b"Buffer: i\nx\n\0"
        return hostile.version6(1, lambda place: [(place + 4096, len(pages))], options=options)

    head = made(0)
    clock = struct.pack("<Q", 8) + b"[global]"
    place = head.index(b"flyrecord\0") + 10 + 16
    head = made(len(head) + 4096 + len(pages))
    head = head[:place] + clock + head[place + len(clock) :]
    table = b"options  \0" + struct.pack("<HI", 5, 2) + b"x\0" + struct.pack("<H", 0) + b"flyrecord\0"
    start = len(head) + 4096 + len(pages) + 4096
    return head + bytes(4096) + pages + (table + struct.pack("<QQ", start, len(pages)) + clock).ljust(4096, b"\0") + pages


def built():
    """Small files of each kind that nothing in fixtures is small enough for."""
    pages = hostile.sub_buffer() + hostile.sub_buffer(9000)
    chunk = zlib.compress(pages)
    packed = struct.pack("<III", 1, len(chunk), len(pages)) + chunk
    sample = struct.pack("<HBBiQII", 11, 0, 0, 1, 0x1400, 0, 0)
    sample = struct.pack("<QQIIQQIII", 100, 0, 1, 1, 5, 100, 0, 0, len(sample)) + sample
    record = struct.pack("<IHH", 9, 0, 8 + len(sample)) + sample
    found = [
        hostile.version6(1, lambda at: [(at, len(pages))]) + pages,
        hostile.version6(2, lambda at: [(at, 4096), (at + 4096, 4096)], options=struct.pack("<HI", 8, 4) + struct.pack("<I", 2)) + pages,
        hostile.version7(pages, [(0, 0, len(pages))], packed=b"none\0\0"),
        hostile.version7(packed, [(0, 0, len(packed) - 4)]),
        hostile.version7(packed, [(0, 0, len(packed) - 4)], [(b"", 0), (b"foo", 0)]),
        hostile.version7(pages, [(0, 0, len(pages))], packed=b"none\0\0", first=0),
        hostile.perf_pipe(record, struct.pack("<IHH", 68, 0, 8)),
        version6_instance(), hostile.version6(12, lambda at: [(at, 4096), (at + 4096, 4096)] * 6) + pages,
        hostile.version6(12, lambda at: [(at + 4096 * (n % 3), 4096 if n % 3 < 2 else 0) for n in range(12)]) + pages,
        hostile.version7(pages, [(0, 0, len(pages))], packed=b"none\0\0", cpu_sub_buffer=8192),
        hostile.version7(hostile.sub_buffer(size=8192), [(0, 0, 8192)], packed=b"none\0\0", cpu_sub_buffer=8192),
        hostile.version6(1, lambda at: [(at, 64)]).replace(b"flyrecord\0", b"latency  \0") + hostile.TEXT,
        tracefs(), tracefs(False), zlib.compress(hostile.TEXT), hostile.TEXT, hostile.TEXT + bytes(64),
        archive({"a.txt": hostile.TEXT, "b/dmesg.txt": b"[    1.0] BUG: Bad page state in process a  pfn:1\n"}),
        archive({"dmesg-ramoops-0": b"Panic#1 Part1\n<4>[    1.0] BUG: Bad page state in process a  pfn:1\n",
                 "dmesg-ramoops-1.enc.z": b"Panic#1 Part2\n" + zlib.compress(b"<4>[    0.9] x\n")}),
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.txt", hostile.TEXT)
    found.append(out.getvalue())
    found += dialects()
    for name, words in hostile.PACKERS.items():
        if name != "zip" and shutil.which(words[0]):
            found.append(subprocess.run(words, input=hostile.TEXT, stdout=subprocess.PIPE, check=True).stdout)
    return found


FOLDER = re.compile(r'"([^"\\]+)"')


def names(root):
    """The paths that FolderScript knows, in its order."""
    text = (root / "Tests/HardeningSupport/FolderScript.swift").read_text()
    return FOLDER.findall(text.split("static let names = [")[1].split("]")[0])


def entries(root, files):
    """Files by name as FolderScript reads them."""
    known = names(root)
    out = b"\0"
    for name, data in files.items():
        out += struct.pack(">BH", known.index(name), len(data)) + data
    return out


def folders(root):
    """Folders of each kind, and decisions that build others."""
    texts, offset, shapes = hostile.formats(), 4 + 5 + 4, {}
    for name in ("mm_page_alloc", "mm_page_free"):
        size = struct.unpack_from("<Q", texts, offset)[0]
        shapes[f"events/kmem/{name}/format"] = texts[offset + 8 : offset + 8 + size]
        offset += 8 + size
    header = hostile.header_page()
    raw = {"per_cpu/cpu0/trace_pipe_raw": hostile.sub_buffer(records=9)[:700], "per_cpu/cpu1/trace_pipe_raw": b""}
    notes = struct.pack("<III4s20s", 4, 20, 3, b"GNU", bytes(range(20)))
    about = {
        "per_cpu/cpu0/stats": b"entries: 3\noverrun: 7\ncommit overrun: 0\nbytes: 9\noldest event ts: 1.0\nnow ts: 5.0\ndropped events: 1\n",
        "per_cpu/cpu2/stats": b"entries: 9\n", "trace_clock": b"local [global]\n", "saved_cmdlines": b"1 init\n",
        "buffer_size_kb": b"7 (expanded: 1408)\n", "buffer_total_size_kb": b"21\n", "tracing_cpumask": b"7\n", "uname": b"Linux h 6.1.0 #1 SMP\n",
        "sys/devices/system/cpu/possible": b"0-2\n", "set_event_pid": b"7\n", "events/kmem/mm_page_free/filter": b"order > 0\n",
        "kallsyms": b"ffffffff81000000 T _text\nffffffff81000010 t f\t[kvm]\n", "sys/kernel/notes": notes,
        "sys/module/kvm/notes/.note.gnu.build-id": notes, "trace": b"# tracer: nop\n# entries-in-buffer/entries-written: 2/2   #P:4\n" + hostile.TEXT[15:300],
    }
    record = struct.pack("<IHH", 68, 0, 8)
    panic = b"Panic#1 Part%d\n<4>[    %d.000000] BUG: Bad page state in process a  pfn:1400\n"
    return [
        entries(root, {**raw, **shapes, "events/header_page": header[20 : 20 + struct.unpack_from("<Q", header, 12)[0]], **about}),
        entries(root, {**raw, **about}), entries(root, {**raw, **shapes}), entries(root, about), entries(root, raw),
        entries(root, {**raw, "per_cpu/cpu1/trace_pipe_raw.gz": gzip.compress(raw["per_cpu/cpu0/trace_pipe_raw"], mtime=0), **shapes}),
        entries(root, {"instances/x/per_cpu/cpu0/trace_pipe_raw": raw["per_cpu/cpu0/trace_pipe_raw"], "instances/x/trace_clock": b"[x]\n", **shapes}),
        entries(root, {"data": hostile.perf_pipe(record), "data.0": record, "data.1": b"", "data.12": record}),
        entries(root, {"data.0": record, "data.1": record}),
        entries(root, {"dmesg-ramoops-0": panic % (1, 2), "dmesg-ramoops-1": panic % (2, 1),
                       "dmesg-ramoops-2.enc.z": zlib.compress(panic % (3, 1)), "p/dmesg-efi-1": panic % (1, 9), "c.log": b"x\n"}),
        entries(root, {"a.txt": hostile.TEXT[:400], "b.dat": b"\x7fELF", "c.log": b"[    1.0] x\n" * 4, "d.tar": archive({"a.txt": hostile.TEXT[:400]}),
                       "e.gz": gzip.compress(hostile.TEXT[:400], mtime=0)}),
    ]


def types():
    """BTF of a struct behind a pointer and a function with a parameter."""
    strings = b"\0long\0vm_area_struct\0vm_flags\0vma\0unmap_page_range\0kvm\0vm_fault\0"
    place = lambda word: strings.index(b"\0" + word + b"\0") + 1
    words = [place(b"long"), 0x01000000, 8, 64]
    words += [place(b"vm_area_struct"), 0x04000002, 16, place(b"vm_flags"), 1, 0, place(b"vma"), 3, 64]
    words += [0, 0x02000000, 2]
    words += [0, 0x0D000001, 1, place(b"vma"), 3]
    words += [place(b"unmap_page_range"), 0x0C000001, 4]
    words += [place(b"vm_fault"), 0x08000000, 2, 0, 0x0A000000, 1, 0, 0x03000000, 0, 1, 1, 4]
    head = [0x0001EB9F, 24, 0, 4 * len(words), 4 * len(words), len(strings)]
    return struct.pack(f"<{len(head) + len(words)}I", *head, *words) + strings


def kernels(root):
    """What `record` reads of a kernel."""
    tracing = "sys/kernel/tracing/"
    files = {
        "proc/kallsyms": b"ffffffff81000000 T _text\nffffffff81000010 t unmap_page_range\nffffffffc0000010 t hva_to_pfn\t[kvm]\n",
        "proc/modules": b"kvm 1 0 - Live 0xffffffffc0000000\n", "proc/meminfo": b"MemTotal:  1000000 kB\n", "proc/sys/kernel/osrelease": b"6.1.0\n",
        "sys/devices/system/cpu/possible": b"0-3,8\n", "sys/kernel/btf/vmlinux": types(), "sys/kernel/btf/kvm": types(),
        tracing + "README": b"f[:[<group>/][<event>]] <func-name> <argname>[->field]\n$arg<N>\n",
        tracing + "available_events": b"kmem:mm_page_alloc\nkmem:mm_page_free\npage_ref:page_ref_set\nkvm:kvm_page_fault\n",
        tracing + "trace_clock": b"[local] global mono\n", tracing + "dynamic_events": b"",
        tracing + "available_filter_functions": b"unmap_page_range\nhva_to_pfn [kvm]\n",
    }
    return [entries(root, files), entries(root, {name: data for name, data in files.items() if "btf" in name}),
            entries(root, {name: data for name, data in files.items() if "btf" not in name}), entries(root, {})]


def documents():
    """A batch's summary, an analysis and a configuration with all their members."""
    table = [{"name": "a", "captures": 2}, {"captures": 1}]
    event = {"time": 1, "cpu": 0, "pid": 7, "comm": "t", "event": "mm_page_free", "text": "x", "before": "a", "after": "b", "line": 3, "clock": "printk"}
    frame = {"function": "f", "offset": 4, "address": "0xffffffff81000010", "module": "kvm", "line": "a.c:3", "inlined": True, "exact": True}
    brief = {"id": "1", "rule": "PL010", "title": "t"}
    sight = {"path": "a", "kernel": "6.1", "labels": {"job": "j"}}
    finding = {
        "id": "1234", "rule": "PL010", "verdict": "proven", "severity": "high", "title": "t", "pfn": 5120, "pages": 1, "pageRanges": [[5120, 5121]],
        "block": {"pfn": 5120, "order": 1, "kind": "compound"}, "occurrences": 2, "firstTime": 1, "lastTime": 2, "cpu": 0, "pid": 7, "comm": "t",
        "evidence": [event], "advice": "a", "doubt": "d", "story": 1, "ledger": "l", "clock": "capture", "related": ["2"], "pathId": "p",
        "paths": [{"role": "allocator", "event": "e", "time": 1, "pid": 7, "comm": "t", "frames": [frame], "user": [frame]}], "functions": ["f"],
        "standing": "suppressed",
    }
    total = {**finding, "captures": 3, "suppressed": 1, "pathIds": ["p"], "kernels": table, "jobs": table, "hosts": table, "commits": table,
             "first": sight, "last": sight, "example": {**finding, **sight}}
    batch = {
        "schema": "pageledger.batch/1", "tool": "t", "ruleSet": "r", "complete": True, "inputs": 3, "remaining": 0, "captures": 3, "skipped": 1,
        "statuses": {"ok": 1, "findings": 2, "crash": 1}, "events": {"read": 9, "used": 8}, "kinds": table, "kernels": table, "jobs": table, "hosts": table,
        "losses": [{"code": "lost-events", "captures": 1, "count": 4}], "troubles": {"count": 1, "first": [{"path": "a", "status": "crash", "error": "e"}]},
        "rules": [{"id": "PL010", "name": "n", "clean": 1, "findings": 2, "undecidable": 0, "notRecorded": 0, "jobs": ["a"]},
                  {"id": "PL001", "name": "n", "clean": 0, "findings": 0, "undecidable": 3, "notRecorded": 0}],
        "comparison": {"baseline": "b", "fixed": [brief], "unjudged": [brief], "remarks": ["r"]}, "findings": [total, {**total, "id": "2"}, total],
    }
    analysis = {"schema": "pageledger.analysis/1", "verdict": "findings", "rules": [{"id": "PL010", "name": "n", "status": "findings", "missing": ["m"]}],
                "findings": [finding]}
    one = {"rule": "PL0*", "match": {"id": "*", "pathId": "*", "task": "q*", "function": "f", "title": "a*", "path": "a?dat"}, "reason": "r", "owner": "o",
           "expires": "2027-01-31"}
    lists = [[one], [{**one, "match": {"task": "q*"}}, {**one, "expires": "2025-02-28"}, {**one, "match": {"id": "no"}}], {}, [3], [[]], [{}],
             [{**one, "rule": 3}], [{**one, "match": 3}], [{**one, "match": {}}], [{**one, "match": {"x": "y"}}], [{**one, "match": {"id": ""}}],
             [{**one, "expires": "2026-13-01"}], [{**one, "expires": "2026-02-xx"}], [{**one, "other": "x"}], [{"rule": "a"}]]
    found = [json.dumps(value, separators=(",", ":")).encode() for value in (batch, analysis, [analysis, analysis], {"x": 1}, [], 3)]
    found += [json.dumps({"suppressions": list_}, separators=(",", ":")).encode() for list_ in lists]
    found.append(b"\n".join([found[1], json.dumps({"kind": "finding", **finding}).encode(), b""]))
    found += [b'{"path":"a","job":"j","n":3,"f":1.5,"t":true,"z":null,"l":[]}\n', b"path\tjob\r\na\tb\n\nc\td\te\n", b"a\tjob=x\tjob=y\nb\tx\n", b"\xff\n",
              b'["\\u00e9\\ud83d\\ude00\\ud800\\n\\t\\b\\f\\r\\/\\\\\\"",-1,1e5,1.25,-0,true,false,null,18446744073709551616]']
    return found


def stores():
    """Rows and details of a batch's folder."""
    batch, analysis = documents()[:2]
    finding = {**json.loads(analysis)["findings"][0], "at": 0, "size": 0}
    row = {"kind": "row", "member": "!a", "status": "findings", "capture": "k", "kernel": "6.1", "read": 9, "used": 8, "losses": [["lost-events", 3], [1], 2],
           "rules": "PL010f PL001u PL002c PL003n", "findings": [finding], "details": 0}
    head = {"kind": "capture", "verdict": "findings", "error": "e", "events": {"read": 9, "used": 8}, "losses": [{"code": "lost-events", "count": 3, "cpu": 0, "detail": "d"}],
            "rules": [{"id": "PL010", "name": "n", "status": "findings", "missing": ["m"]}],
            "capture": {"path": "a", "kind": "k", "kernel": "6.1", "clock": "global", "timeUnit": "ticks", "cpus": 2, "start": 1, "end": 2, "logLines": 3, "console": "c"}}
    line = lambda value: json.dumps(value, separators=(",", ":")).encode() + b"\n"
    details = line(head) + line(finding)
    whole = {**row, "findings": [{**finding, "at": len(line(head)), "size": len(line(finding))}], "details": len(details)}
    other = {"kind": "row", "member": "", "status": "skipped", "skipped": 3, "others": ["!x: binary"]}
    broken = {"kind": "row", "member": "", "status": "unreadable", "error": "no", "details": len(line({**head, "verdict": "unreadable"}))}
    given = line({"kind": "input", "path": "b", "key": "0" * 31 + "1", "salt": "0" * 32, "run": 2, "stat": [1, 2, 3, 4, 5], "labels": {"job": "j", "commit": "c"}})
    seen = line({"kind": "seen", "path": "b", "stat": [1, 2, 3, 4, 5]})
    found = [b"\0" + line(row), b"\1" + line(whole) + b"--\n" + details, b"\0" + line(other) + b"----\n" + given + b"----\n" + seen,
             b"\1" + line(broken) + line(whole) + b"--\n" + line({**head, "verdict": "unreadable"}) + details + b"----\n" + given,
             b"\0" + line({"kind": "row", "status": "odd"}) + b"x\n"]
    return found


def packings():
    """Each form of LayerScript, some in one another, some damaged, from files and from pipes."""
    panic = b"Panic#1 Part1\n<4>[    1.000000] BUG: Bad page state in process a  pfn:1400\n"
    found = []
    for form in range(14):
        for pipe, damage in ((0, b"\0\0\0\0"), (1, b"\0\0\0\0"), (0, b"\x81\0\x40\x07"), (1, b"\xc0\0\x55\0"), (0, b"\xe0\0\x20\x41")):
            found.append(bytes([pipe, 1, form]) + bytes(4) + damage + bytes([0x1C, 1, 6 + form, 1, 0, 0, 6, 1]) + (panic if form in (2, 3) else hostile.TEXT[:500]))
    for layers in ([0, 8], [8, 0], [10, 6], [12, 4], [1, 12, 7], [8, 8, 4], [0, 0, 0, 0], [0, 0, 0, 0, 0], [9, 3], [11, 5]):
        found.append(bytes([0, len(layers), *layers]) + bytes(5 - len(layers)) + bytes(4) + bytes([0, 1, 6, 0, 201, 0, 6, 1]) + hostile.TEXT[:500])
    return found


def seeds(root, target, folder):
    """Small inputs from fixtures, as files of a folder."""
    limit = LENGTHS.get(target, 4096)
    fixtures = root / "fixtures"
    found = []
    if target in ("capture", "fields"):
        found += built()
    if target in ("capture", "fields", "console"):
        for path in sorted((fixtures / "captures").iterdir()):
            data = path.read_bytes()
            if len(data) <= limit and target != "console":
                found.append(data)
            if path.name.endswith(".txt.gz"):
                data = gzip.decompress(data)
            if b"\0" not in data[:4096]:
                found.append((bytes(range(32)) if target == "console" else b"") + cut(data, limit // 3))
        for path in sorted((fixtures / "cases").rglob("*.case")):
            text = path.read_text(errors="replace").split("\n----")[0]
            for piece in re.split(r"^capture .*$", text, flags=re.M)[1:]:
                dress = bytes(range(32)) if target == "console" else b""
                found.append(dress + cut(piece.lstrip("\n").encode(), limit // 3))
    if target == "json":
        for path in sorted((fixtures / "cases").rglob("*.case")):
            for piece in re.findall(r"^[\[{].*$", path.read_text(errors="replace"), flags=re.M):
                found.append(piece.encode()[:limit])
    if target == "symbols":
        found.append(b"ffffffff81000000 T _text\nffffffff81000010 t hva_to_pfn\nffffffffc0001000 t f\t[kvm]\n")
        machinery = b"".join(b"ffffffff8100%04x t %s\n" % (n * 64, word) for n, word in enumerate((
            b"_text", b"trace_event_buffer_commit", b"trace_event_raw_event_mm_page_free", b"free_unref_page", b"__alloc_pages", b"put_page", b"other")))
        found += [machinery, machinery.replace(b"ffffffff81", b"ffffffff82") + found[-1], machinery.replace(b" t ", b" d "), b"c0001000 T _text\nc0001010 t f\n"]
    if target == "elf":
        found += objects(folder)
        found += [gzip.compress(found[0], mtime=0)] if found else []
    if target == "btf":
        found += [types(), types() + types()]
    found += {"json": documents, "store": stores, "layers": packings}.get(target, list)()
    found += {"folder": folders, "kernel": kernels}.get(target, lambda _: [])(root)
    if target == "folder":
        found += [bytes([kind]) + random.Random(step).randbytes(700) for step in range(8) for kind in (6, 7)]
    if target in ("subbuffers", "sections", "formats", "perf", "replay"):
        found += [bytes((i * step + 7) & 255 for i in range(900)) for step in (1, 3, 7, 11, 29, 77, 113, 201)]
        found += [random.Random(step).randbytes(900) for step in range(24)]
    if target == "sections":
        # Sound sections, and options that say something about the host's clock.
        for step in range(12):
            draw = random.Random(step)
            found.append(bytes([step % 2 * 7, 0, step % 3, (8, 0xC0, 0x30, 0xF0, 4, 0)[step % 6]])
                         + bytes(draw.choice((draw.randrange(256), draw.randrange(4), 7)) for _ in range(1500)))
    if target == "perf":
        # Few kinds of samples, and many of the records and sections that few files have.
        for step in range(24):
            draw = random.Random(step)
            found.append(bytes([0, 1, (4, 0, 6, 0x42)[step % 4], 1, (0, 8, 0x1F, 4)[step // 4 % 4], step % 8, (0, 3)[step // 8 % 2], 0, 0])
                         + bytes(draw.choice((draw.randrange(256), draw.randrange(240, 252), draw.randrange(4))) for _ in range(900)))
    for number, data in enumerate(dict.fromkeys(found)):
        (folder / f"seed-{number}").write_bytes(data)


def fuzz(args, target):
    work = args.work / target
    work.mkdir(parents=True, exist_ok=True)
    malformed = args.root / "fixtures" / "malformed"
    malformed.mkdir(exist_ok=True)
    before = set(malformed.iterdir())
    own = args.root / "fixtures" / "corpus" / target
    with tempfile.TemporaryDirectory(prefix="pageledger-fuzz-") as folder:
        seeds(args.root, target, pathlib.Path(folder))
        command = [
            args.fuzzer, f"-max_total_time={args.seconds}", "-timeout=30", "-rss_limit_mb=3072",
            "-print_final_stats=1", f"-max_len={LENGTHS.get(target, 4096)}",
            f"-artifact_prefix={malformed}/{target}-", f"-seed={args.seed}" if args.seed else "-seed=0",
            work, folder, *([own] if own.is_dir() else []),
        ]
        run = subprocess.run(
            [str(word) for word in command], capture_output=True, text=True, errors="replace",
            env=environment(target))
    runs = re.findall(r"number_of_executed_units: (\d+)", run.stderr)
    cov = re.findall(r"cov: (\d+)", run.stderr)
    new = sorted(path.name for path in set(malformed.iterdir()) - before)
    print(f"{target}: {runs[-1] if runs else '?'} inputs, {cov[-1] if cov else '?'} edges, "
          f"{', '.join(new) or ('nothing found' if run.returncode == 0 else 'ended')}", flush=True)
    if run.returncode != 0:
        print(run.stderr[-3000:], flush=True)
    return run.returncode


def environment(target):
    variables = {
        "PAGELEDGER_FUZZ_TARGET": target,
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:detect_container_overflow=0",
        "TSAN_OPTIONS": "halt_on_error=1",
        "DEBUGINFOD_URLS": "",
        "TMPDIR": tempfile.gettempdir(),
    }
    return {**os.environ, **variables}


def minimize(args, target):
    """The fewest inputs that reach what all found ones reach, the shorter ones first."""
    own = args.root / "fixtures" / "corpus" / target
    with tempfile.TemporaryDirectory(prefix="pageledger-fuzz-") as folder:
        found = pathlib.Path(folder) / "all"
        found.mkdir()
        seeds(args.root, target, found)
        kept = pathlib.Path(folder) / "kept"
        kept.mkdir()
        sources = [path for path in (args.work / target, own, found) if path.is_dir()]
        subprocess.run(
            [str(word) for word in [args.fuzzer, "-merge=1", "-timeout=30", "-rss_limit_mb=3072", kept, *sources]],
            env=environment(target), stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        room = args.room
        for path in sorted(kept.iterdir(), key=lambda path: path.stat().st_size):
            room -= path.stat().st_size
            if room < 0:
                break
            shutil.copy(path, own / path.name[:12])
    files = list(own.iterdir())
    print(f"{target}: {len(files)} inputs, {sum(f.stat().st_size for f in files)} bytes", flush=True)
    return 0


def is_reader(name):
    """Which of READERS a path belongs to, if any."""
    if any(f"Sources/LedgerInput/{word}" in name for word in NO_READERS):
        return None
    return next((reader for reader in READERS if reader in "/" + name), None)


def sources(root):
    """The readers' files."""
    files = (str(path.relative_to(root)) for path in sorted((root / "Sources").rglob("*.swift")))
    return [name for name in files if is_reader(name)]


def coverage(args):
    """Feeds the committed corpus, the captures and the seeds once, and asks llvm-cov."""
    tool = {name: shutil.which(name) or f"/usr/bin/{name}" for name in ("llvm-profdata", "llvm-cov")}
    swift = pathlib.Path(shutil.which("swiftc") or "").resolve().parent
    for name in tool:
        if (swift / name).exists():
            tool[name] = str(swift / name)
    with tempfile.TemporaryDirectory(prefix="pageledger-coverage-") as folder:
        folder = pathlib.Path(folder)
        for target in TARGETS:
            fed = folder / target
            fed.mkdir()
            seeds(args.root, target, fed)
            files = sorted(fed.iterdir()) + sorted((args.root / "fixtures" / "corpus" / target).glob("*"))
            if target in ("capture", "fields"):
                files += sorted((args.root / "fixtures" / "captures").iterdir())
            files += sorted((args.root / "fixtures" / "malformed").glob(f"{target}-*"))
            files += sorted((args.work.parent.parent / ".build-fuzz/found" / target).glob("*")) if args.found else []
            subprocess.run(
                [args.fuzzer, *map(str, files)], check=False, stderr=subprocess.DEVNULL,
                env={**environment(target), "LLVM_PROFILE_FILE": str(folder / f"{target}.profraw")})
        profile = folder / "all.profdata"
        subprocess.run([tool["llvm-profdata"], "merge", "-o", profile, *folder.glob("*.profraw")], check=True)
        if args.uncovered:
            show = [tool["llvm-cov"], "show", f"--instr-profile={profile}", f"--output-dir={args.uncovered}", "--format=text", args.fuzzer]
            subprocess.run([*show, *[str(args.root / reader) for reader in sources(args.root)]], check=True)
        report = subprocess.run(
            [tool["llvm-cov"], "export", "--summary-only", f"--instr-profile={profile}", args.fuzzer],
            capture_output=True, text=True, check=True).stdout
    files = json.loads(report)["data"][0]["files"]
    total = covered = 0
    rows = {}
    for file in files:
        name = file["filename"].removeprefix(str(args.root) + "/")
        reader = is_reader(name)
        if reader is None:
            continue
        lines = file["summary"]["lines"]
        total += lines["count"]
        covered += lines["covered"]
        row = rows.setdefault(reader, [0, 0])
        row[0] += lines["covered"]
        row[1] += lines["count"]
        if args.verbose:
            print(f"  {lines['percent']:5.1f} %  {lines['count'] - lines['covered']:4} not  {name}")
    for name, (some, all_) in rows.items():
        print(f"{name}: {100 * some / max(1, all_):.1f} % of {all_} lines")
    print(f"readers: {100 * covered / max(1, total):.1f} % of {total} lines")
    return 0


def main():
    parser = argparse.ArgumentParser(prog="fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", choices=[*TARGETS, []])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--thread", action="store_true")
    parser.add_argument("--minimize", action="store_true")
    parser.add_argument("--room", type=int, default=40000, help="bytes of a target's corpus")
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--found", action="store_true", help="coverage of all that was found, too")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--uncovered", metavar="DIR", help="coverage line by line into this folder")
    parser.add_argument("--fuzzer", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--root", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.coverage:
        return coverage(args)
    job = minimize if args.minimize else fuzz
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        codes = list(pool.map(lambda target: job(args, target), args.targets or TARGETS))
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
