"""The initramfs of a guest: busybox, the lab's programs, and what records, with its libraries."""

import pathlib
import re
import shutil
import stat
import subprocess

from kernels import HERE, Missing, module_bytes, run

PROGRAMS = {
    "legal": ["legal.c", "buffer.c", "-pthread"],
    "vcpu": ["vcpu.c", "buffer.c"],
    "misuse": ["misuse.c"],
    "maps": ["maps.c", "buffer.c"],
    "cost": ["cost.c", "buffer.c"],
    "ending": ["ending.c"],
}


class Archive:
    """A cpio archive in the form "newc", not packed: nothing has to be unpacked by an emulated processor."""

    def __init__(self, file):
        self.file, self.number, self.folders = file, 0, set()

    def entry(self, name, mode, data=b"", device=(0, 0)):
        """One file, device or folder; the folders above it are there."""
        self.number += 1
        spelled = name.encode() + b"\0"
        words = [self.number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(spelled), 0]
        header = b"070701" + b"".join(b"%08x" % word for word in words) + spelled
        self.file.write(header + bytes(-len(header) % 4) + data + bytes(-len(data) % 4))

    def above(self, name):
        """The folders that lead to a name."""
        for folder in reversed(pathlib.PurePosixPath(name).parents):
            if str(folder) != "." and str(folder) not in self.folders:
                self.folders.add(str(folder))
                self.entry(str(folder), stat.S_IFDIR | 0o755)

    def add(self, name, data, mode=0o755):
        """A file; names have no slash in front."""
        self.above(name)
        self.entry(name, stat.S_IFREG | mode, data)

    def end(self):
        """The entry that the kernel takes for the end."""
        self.entry("TRAILER!!!", 0)


def libraries(program):
    """Paths of the libraries that a program loads, with its loader."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    lacking = re.findall(r"(\S+) => not found", told)
    if lacking:
        raise Missing(f"{program} needs {', '.join(lacking)}")
    return re.findall(r"(?:=> )?(/\S+) \(0x", told)


def compiled(folder):
    """The lab's programs, linked statically; built again when a source changed."""
    folder.mkdir(parents=True, exist_ok=True)
    source = HERE / "programs"
    newest = max(file.stat().st_mtime for part in ("programs", "module") for file in (HERE / part).iterdir())
    for name, words in PROGRAMS.items():
        made = folder / name
        if not made.exists() or made.stat().st_mtime < newest:
            run("cc", "-O2", "-static", "-Wall", "-Wextra", "-o", made, *words, cwd=source)
    return [folder / name for name in PROGRAMS]


def stripped(program, folder):
    """A copy without debug information, which a guest has no use for."""
    copy = folder / program.name
    if not copy.exists() or copy.stat().st_mtime < program.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        run("strip", "-o", copy, program)
    return copy


def perf_program():
    """perf itself; /usr/bin/perf may be a script that looks for the one of the running kernel."""
    found = sorted(pathlib.Path("/usr/bin").glob("perf_*")) or [pathlib.Path("/usr/bin/perf")]
    return found[-1] if found[-1].exists() else None


def make(path, kernel, pageledger, work):
    """Writes the initramfs for a kernel."""
    busybox = pathlib.Path("/bin/busybox")
    if not busybox.exists():
        raise Missing("no /bin/busybox; install busybox-static")
    with open(path, "wb") as file:
        archive = Archive(file)
        archive.above("dev/console")
        archive.entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))  # opened before any program runs
        archive.add("init", (HERE / "guest/init").read_bytes())
        archive.add("bin/busybox", busybox.read_bytes())
        for program in compiled(work / "programs"):
            archive.add(f"lab/bin/{program.name}", program.read_bytes())
        add_recorders(archive, stripped(pageledger, work / "stripped"))
        names = [module.name.removesuffix(".xz") for module in kernel.modules]
        for name, module in zip(names, kernel.modules, strict=True):
            archive.add(f"lib/modules/{name}", module_bytes(module), 0o644)
        archive.add("lab/modules", "".join(f"{name}\n" for name in names).encode(), 0o644)
        archive.end()


def add_recorders(archive, pageledger):
    """What records, with all libraries."""
    known = set()
    for program in filter(None, [pageledger, shutil.which("trace-cmd"), perf_program()]):
        archive.add(f"usr/bin/{pathlib.Path(program).name.split('_')[0]}", pathlib.Path(program).read_bytes())
        for library in libraries(program):
            if library not in known:
                known.add(library)
                archive.add(library.lstrip("/"), pathlib.Path(library).read_bytes())
