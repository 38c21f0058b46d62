"""Boots a kernel in QEMU with a job, and follows what the job tells of itself."""

import contextlib
import os
import re
import socket
import subprocess
import time

SCRATCH = 16 << 20
PATIENCE = 200  # seconds without a sign of a guest that is thought to live


class Guest:
    """One boot: the kernel's console goes to OUT/console-N.log, the job's files to OUT."""

    def __init__(self, kernel, initramfs, out, accel):
        self.kernel, self.initramfs, self.out, self.accel = kernel, initramfs, out, accel
        self.boots = 0

    def words(self, number, counted, parameters):
        """The command line of QEMU; the clock of a counted guest is the number of instructions, whatever the host is busy with."""
        disk = self.out / "scratch.img"
        with open(disk, "wb") as file:
            file.truncate(SCRATCH)
        machine = ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max,+svm,+npt,-la57"]
        if counted:
            machine = ["-accel", "tcg,thread=single,tb-size=512", "-icount", "shift=2", *machine[2:]]
        elif self.accel == "kvm":
            machine = ["-accel", "kvm", "-cpu", "host"]
        return [
            "nice", "-n", "5", "qemu-system-x86_64", "-machine", "q35", *machine, "-smp", "1" if counted else "2", "-m", "2G",
            "-kernel", self.kernel.image, "-initrd", self.initramfs,
            "-append", f"console=ttyS0 panic=-1 oops=panic quiet loglevel=7 mitigations=off rdinit=/init {parameters}",
            "-drive", f"file={disk},if=virtio,format=raw,cache=unsafe",
            "-virtfs", f"local,path={self.out},mount_tag=out,security_model=none",
            "-vga", "std", "-display", "none", "-no-reboot", "-monitor", "unix:monitor,server=on,wait=off",
            "-nic", "none", "-serial", f"file:{self.out}/console-{number}.log",
        ]  # fmt: skip

    def boot(self, job, seconds, counted=False, parameters=""):
        """Runs a job; true when the guest came to its end."""
        self.boots += 1
        (self.out / "job").write_text(job)
        words = [str(word) for word in self.words(self.boots, counted, parameters)]
        with open(self.out / "qemu.log", "ab") as log:
            running = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.out)
        end, patience = time.monotonic() + seconds, seconds if counted else PATIENCE
        try:
            while running.poll() is None:
                if time.monotonic() > end or time.time() - self.last_sign() > patience:
                    self.ask("info registers -a")
                    break
                time.sleep(0.5)
        finally:
            running.kill()
            running.wait()
            (self.out / "monitor").unlink(missing_ok=True)
        return "lab: done" in self.console(self.boots)

    def last_sign(self):
        """When the guest last wrote anything."""
        signs = [0.0]
        for path in self.out.iterdir():
            with contextlib.suppress(OSError):  # recorders rename their files
                signs.append(path.stat().st_mtime if path.name != "scratch.img" else 0.0)
        return max(signs)

    def ask(self, question):
        """Lets QEMU's monitor say where a guest that hangs is, into OUT/monitor-N.txt."""
        folder = os.open(self.out, os.O_RDONLY)  # a socket's path is short
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(3)
            line.connect(f"/proc/self/fd/{folder}/monitor")
            line.sendall(question.encode() + b"\n")
            with open(self.out / f"monitor-{self.boots}.txt", "wb") as file:
                while answer := line.recv(65536):
                    file.write(answer)
        os.close(folder)

    def console(self, number):
        """What a boot's kernel and job wrote."""
        path = self.out / f"console-{number}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def log(self):
        """What the job told: lists of words."""
        path = self.out / "log"
        return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def labels(console):
    """Blocks that the module named while each trial ran: {(trial, recorder): [(pfn, order)]}."""
    found, now = {}, None
    for line in console.splitlines():
        begun = re.search(r"lab: (\S+) with (\S+)", line)
        named = re.search(r"pagelab: \S+ pfn=(0x[0-9a-f]+) order=(\d+)", line)
        if begun:
            now = begun.groups()
        elif named and now:
            found.setdefault(now, []).append((int(named.group(1), 16), int(named.group(2))))
    return found
