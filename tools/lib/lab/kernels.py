"""Kernels of the lab: Debian's own, and ones built from Debian's sources with what the rules need."""

import lzma
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
# Modules a stock kernel needs for the scenarios; those that it lacks or has built in are left out.
WANTED = ["virtio_pci", "virtio_blk", "9pnet_virtio", "9p", "bochs", "kvm_amd", "kvm_intel", "udmabuf"]


class Missing(Exception):
    """Something that the lab needs is not there and cannot be had; the text says what."""


def run(*words, **options):
    """A command that must succeed; its output is shown when it does not."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, words))}: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def by_number(name):
    """A key that sorts names by the numbers in them."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def image_package(version):
    """The newest package with a stock kernel of this version; without one, what linux-image-amd64 depends on."""
    pattern = rf"^linux-image-{re.escape(version)}\.[0-9][^ ]*-amd64$"
    names = [line.split()[0] for line in run("apt-cache", "search", "--names-only", pattern).splitlines()]
    names = [name for name in names if not re.search(r"-(rt|cloud|unsigned|dbg)\b", name)]
    if not names:
        raise Missing(f"apt offers no stock kernel {version}; are the package lists there (apt-get update)?")
    return max(names, key=by_number)


def download(package, folder):
    """The package's .deb in a folder of ours; nothing is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    known = run("apt-cache", "show", "--no-all-versions", package)
    version = re.search(r"^Version: (.*)$", known, re.MULTILINE).group(1).replace(":", "%3a")
    found = list(folder.glob(f"{package}_{version}_*.deb"))
    if not found:
        for old in folder.glob(f"{package}_*.deb"):
            old.unlink()
        run("apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package, cwd=folder)
        found = list(folder.glob(f"{package}_*.deb"))
    if not found:
        raise Missing(f"apt-get download brought no {package}")
    return found[0]


class Kernel:
    """A kernel to boot: its image, its modules in loading order, and what it was made for."""

    def __init__(self, image, version, modules=(), debug=False, tree=None):
        self.image, self.version, self.modules = image, version, list(modules)
        self.debug, self.tree = debug, tree

    @property
    def series(self):
        """6.1 of 6.1.192-lab."""
        return ".".join(self.version.split(".")[:2])


def in_order(folder):
    """Files of the wanted modules and of what they need, in the order of loading."""
    needs = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        name, _, others = line.partition(":")
        needs[name] = others.split()
    order = []
    for wanted in WANTED:
        spelled = {wanted, wanted.replace("_", "-")}
        for name, others in needs.items():
            if pathlib.Path(name).name.split(".ko")[0] in spelled:
                order += [each for each in [*reversed(others), name] if each not in order]
    return [folder / name for name in order]


def module_bytes(path):
    """A module as insmod of busybox takes it."""
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def stock(version, cache):
    """Debian's kernel of a version, as it is."""
    package = image_package(version)
    folder = cache / package
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        run("dpkg-deb", "-x", download(package, cache / "packages"), folder)
        (folder / "ready").touch()
    image = next((folder / "boot").glob("vmlinuz-*"))
    release = image.name.removeprefix("vmlinuz-")
    top = folder / "usr" if (folder / "usr/lib/modules").is_dir() else folder
    if not (top / "lib/modules" / release / "modules.dep").exists():
        run("depmod", "-b", top, release)
    return Kernel(image, release, in_order(top / "lib/modules" / release))


def unpack_source(version, cache):
    """The tree of Debian's linux-source package; one that is installed already is not fetched again."""
    tree = cache / f"linux-source-{version}"
    if (tree / "Makefile").exists():
        return tree
    installed = pathlib.Path(f"/usr/src/linux-source-{version}.tar.xz")
    if installed.exists():
        run("tar", "-xJf", installed, "-C", cache)
        return tree
    archive = download(f"linux-source-{version}", cache / "packages")
    box = cache / "unpacking"
    run("dpkg-deb", "-x", archive, box)
    run("tar", "-xJf", box / f"usr/src/linux-source-{version}.tar.xz", "-C", cache)
    shutil.rmtree(box)
    return tree


def settings(version):
    """Lines of the configuration: what all have, then what this version has beside it."""
    parts = [HERE / "config/base.config", HERE / f"config/{version}.config"]
    lines = [line for part in parts if part.exists() for line in part.read_text().splitlines()]
    return [line for line in lines if line.startswith("CONFIG_")]


def built(version, cache, jobs):
    """A kernel with DEBUG_PAGE_REF and BTF, and the module of mistakes beside it; built once for each configuration."""
    tree = unpack_source(version, cache)
    wanted = "\n".join(settings(version)) + "\n"
    asked = tree / "lab.config"
    if not (asked.exists() and asked.read_text() == wanted and (tree / "vmlinux").exists()):
        asked.unlink(missing_ok=True)
        every = tree / "lab.config.new"
        every.write_text(wanted)
        run("make", "-s", "allnoconfig", f"KCONFIG_ALLCONFIG={every}", cwd=tree)
        given = set((tree / ".config").read_text().splitlines())
        refused = [line for line in wanted.splitlines() if line not in given]
        if refused:
            raise Missing(f"linux-source-{version} does not take {', '.join(refused)}")
        print(f"lab: building Linux {version} (some ten minutes on two cores)", flush=True)
        run("nice", "make", "-s", f"-j{jobs}", "bzImage", "modules_prepare", cwd=tree)
        every.rename(asked)
    release = run("make", "-s", "kernelrelease", cwd=tree).strip()
    return Kernel(tree / "arch/x86/boot/bzImage", release, [module(tree)], debug=True, tree=pathlib.Path(tree))


def module(tree):
    """The module of mistakes, built against a kernel's tree."""
    folder = tree / "pagelab"
    folder.mkdir(exist_ok=True)
    changed = False
    for source in sorted((HERE / "module").iterdir()):
        copy = folder / source.name
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            shutil.copy(source, copy)
            changed = True
    made = folder / "pagelab.ko"
    if changed or not made.exists() or made.stat().st_mtime < (tree / "vmlinux").stat().st_mtime:
        run("make", "-s", f"M={folder}", "KBUILD_MODPOST_WARN=1", "modules", cwd=tree)
    return made


def from_file(path, tree):
    """A kernel of the user's; with its build tree, the module of mistakes too."""
    image = pathlib.Path(path).resolve()
    if not image.exists():
        raise Missing(f"{path}: no such kernel")
    told = run("file", "-bL", image)
    version = re.search(r"version (\S+)", told)
    if not version:
        raise Missing(f"{path}: not a kernel that boots ({told.strip()})")
    if tree is None:
        return Kernel(image, version.group(1))
    return Kernel(image, version.group(1), [module(pathlib.Path(tree).resolve())], debug=True, tree=pathlib.Path(tree))
