"""Runs the fuzzers of tools/fuzz, keeps what they find, and measures what their corpus reaches."""

import argparse
import concurrent.futures
import gzip
import json
import os
import pathlib
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

TARGETS = "capture fields subbuffers formats perf console symbols elf json btf replay".split()
LENGTHS = {"capture": 24576, "fields": 24576, "console": 24576, "elf": 32768, "symbols": 8192}
MODULES = "LedgerCapture LedgerFormat LedgerInput LedgerSymbols".split()
# What writes, or asks the system, reads nothing that could be hostile.
NO_READERS = (
    "AppendFile ByteSink ChildProcess ContentHash Environment EventChunk FileIdentity FolderLock ForeignLink HandOver InputDigest "
    "Relay SHA256 SQLite/ Spool StopRequest"
).split()
READERS = [f"Sources/{module}/" for module in MODULES] + [
    "Sources/LedgerBatch/JSON",
    "Sources/LedgerBatch/Manifest",
    "Sources/LedgerBatch/Suppressions",
    "Sources/LedgerBatch/SummaryReader",
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
    return [text.encode() for text in texts]


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
        found.append(b'{"suppressions":[{"rule":"PL010","match":{"task":"a*"},"reason":"r","owner":"o","expires":"2027-01-31"}]}')
        found.append(b"path\tjob\nlogs/a.dat\tboot\n")
    if target == "symbols":
        found.append(b"ffffffff81000000 T _text\nffffffff81000010 t hva_to_pfn\nffffffffc0001000 t f\t[kvm]\n")
    if target == "elf":
        found += objects(folder)
    if target == "btf":
        words = [1, 0x01000000, 8, 64, 6, 0x04000002, 16, 21, 1, 0, 30, 1, 64]
        names = b"\0long\0vm_area_struct\0vm_flags\0vma\0"
        head = [0x0001eb9f, 24, 0, 4 * len(words), 4 * len(words), len(names)]
        found.append(struct.pack(f"<{len(head) + len(words)}I", *head, *words) + names)
    if target in ("subbuffers", "formats", "perf", "replay"):
        found += [bytes((i * step + 7) & 255 for i in range(900)) for step in (1, 3, 7, 11, 29, 77, 113, 201)]
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
        report = subprocess.run(
            [tool["llvm-cov"], "export", "--summary-only", f"--instr-profile={profile}", args.fuzzer],
            capture_output=True, text=True, check=True).stdout
    files = json.loads(report)["data"][0]["files"]
    total = covered = 0
    rows = {}
    for file in files:
        name = file["filename"].removeprefix(str(args.root) + "/")
        reader = next((reader for reader in READERS if reader in "/" + name), None)
        if reader is None or any(f"Sources/LedgerInput/{word}" in name for word in NO_READERS):
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
