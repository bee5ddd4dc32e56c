"""What the virtual machines boot and install: kernel, initramfs, and a disk image of a small Debian-like system.

    python -m lab.qemu build            # prints the directory

Built without root and without mounts, once per kernel and content, in about four seconds after the download.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import lzma
import re
import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.qemu import packages
from lab.qemu.cpio import Archive

CACHE = Path(__file__).parents[2] / "build" / "qemu"
GUEST = Path(__file__).with_name("guest")
MODULES = ("virtio_pci", "virtio_blk", "virtio_net", "virtio-rng", "evdev", "button")
TOOLS = ("syslinux", "mformat", "mcopy", "mke2fs")
MBR = "usr/lib/syslinux/mbr/mbr.bin"
MEMORY_TEST = "boot/memtest86+x64.bin"

_MIB = 1 << 20
_SECTOR = 512
_BOOT_AT, _BOOT_MIB, _ROOT_MIB = _MIB, 20, 8
_ROOT_AT = _BOOT_AT + _BOOT_MIB * _MIB
DISK_BYTES = _ROOT_AT + _ROOT_MIB * _MIB

# Emulated on a busy machine, the timers of a PC run badly enough to make Linux give up on them: it must not try.
ARGUMENTS = "console=ttyS0,115200n8 mitigations=off no_timer_check tsc=reliable panic=5"
_SYSLINUX = f"""\
DEFAULT disk
LABEL disk
  LINUX vmlinuz
  INITRD initrd
  APPEND root=/dev/vda2 console=tty0 {ARGUMENTS} loglevel=5
"""
_ISSUE = "Debian GNU/Linux 12 \\n\n\n"
_PASSWD = "root:x:0:0:root:/root:/bin/sh\n"
_GROUP = "root:x:0:\ntty:x:5:\n"
_OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm), rack edition"\nID=debian\nVERSION_ID="12"\n'


class ToolMissing(Exception):
    """A program that the build needs is not installed."""


@dataclass(frozen=True)
class Images:
    """The built files. `sha256` is of each file as it lies there, by its name."""

    directory: Path
    sha256: dict[str, str]

    @property
    def kernel(self) -> Path:
        return self.directory / "vmlinuz"

    @property
    def initrd(self) -> Path:
        return self.directory / "initrd"

    @property
    def disk(self) -> Path:
        """The disk image, compressed by gzip: what the installer writes."""
        return self.directory / "disk.raw.gz"


def build(cache: Path) -> Images:
    """The images in `cache`, built if they are not there. Raises ToolMissing, packages.PackageMissing."""
    require_tools()
    cache = cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kernel = _known_kernel(cache)
        directory = cache / f"{kernel.removeprefix('linux-image-')}-{_recipe()}"
        if not directory.exists():
            _make(cache, kernel, directory)
    return Images(directory, json.loads((directory / "sha256.json").read_text()))


def require_tools() -> None:
    """Returns when everything that builds images is installed; raises ToolMissing, which says what is not."""
    path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
    missing = [tool for tool in TOOLS if shutil.which(tool, path=path) is None]
    if missing:
        raise ToolMissing(f"Not installed: {', '.join(missing)}. See requirements-apt.txt.")


def _known_kernel(cache: Path) -> str:
    """The kernel that was downloaded before, so that a build needs the network once; else the present one."""
    known = sorted(cache.glob("packages/linux-image-*-cloud-amd64"))
    return known[-1].name if known else packages.kernel_package()


def _recipe() -> str:
    """A mark that changes with anything that goes into the images."""
    sources = [Path(__file__), *sorted(GUEST.iterdir())]
    return hashlib.sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()[:12]


def _make(cache: Path, kernel: str, directory: Path) -> None:
    tree = packages.unpack(kernel, cache / "packages")
    busybox = (packages.unpack(packages.BUSYBOX, cache / "packages") / "bin/busybox").read_bytes()
    with tempfile.TemporaryDirectory(dir=cache, prefix=".build-") as scratch:
        fresh = Path(scratch) / "images"
        fresh.mkdir()
        (vmlinuz,) = (tree / "boot").glob("vmlinuz-*")
        shutil.copyfile(vmlinuz, fresh / "vmlinuz")
        (fresh / "initrd").write_bytes(_initramfs(tree, busybox))
        shutil.copyfile(packages.unpack("memtest86+", cache / "packages") / MEMORY_TEST, fresh / "memtest")
        disk = Path(scratch) / "disk.raw"
        loader = packages.unpack("syslinux-common", cache / "packages") / MBR
        _write_disk(disk, loader.read_bytes(), _root(Path(scratch), busybox))
        _fill_boot_partition(Path(scratch), disk, fresh / "vmlinuz", fresh / "initrd")
        (fresh / "disk.raw.gz").write_bytes(gzip.compress(disk.read_bytes(), 6, mtime=0))
        sums = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(fresh.iterdir())}
        (fresh / "sha256.json").write_text(json.dumps(sums))
        fresh.rename(directory)


def _initramfs(tree: Path, busybox: bytes) -> bytes:
    archive = Archive()
    archive.character_device("dev/console", 5, 1)
    archive.file("bin/busybox", busybox, mode=0o755)
    archive.file("init", (GUEST / "init").read_bytes(), mode=0o755)
    archive.file("dhcp", (GUEST / "dhcp").read_bytes(), mode=0o755)
    archive.file("etc/inittab", (GUEST / "rescue.inittab").read_bytes())
    archive.file("etc/passwd", _PASSWD.encode())
    archive.file("etc/group", _GROUP.encode())
    archive.file("etc/issue", b"Rescue system \\n\n\n")
    modules = _modules(tree)
    for name, content in modules.items():
        archive.file(f"lib/modules/{name}", content)
    archive.file("lib/modules/order", "".join(f"{name}\n" for name in modules).encode())
    return gzip.compress(archive.finish(), 6, mtime=0)


def _modules(tree: Path) -> dict[str, bytes]:
    """The modules with what they depend on, in an order in which they can be loaded."""
    found = {
        path.name.partition(".")[0].replace("-", "_"): path
        for path in sorted((tree / "lib/modules").rglob("*.ko*"))
    }
    ordered: dict[str, bytes] = {}

    def add(name: str) -> None:
        path = found[name.replace("-", "_")]
        content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        # The module says itself on what it depends: section .modinfo, "depends=a,b".
        says = re.search(rb"\0depends=([^\0]*)\0", content)
        for needed in filter(None, says[1].decode().split(",") if says else []):
            add(needed)
        ordered.setdefault(path.name.removesuffix(".xz"), content)

    for name in MODULES:
        add(name)
    return ordered


def _write_disk(disk: Path, loader: bytes, root: bytes) -> None:
    with disk.open("wb") as file:
        file.truncate(DISK_BYTES)
        file.write(loader[:440].ljust(446, b"\0") + _partitions())
        file.seek(_ROOT_AT)
        file.write(root)


def _partitions() -> bytes:
    """The classic partition table: FAT16 to boot from, and Linux. Sectors count; cylinders are long history."""

    def entry(start: int, mib: int, *, kind: int, is_active: bool) -> bytes:
        chs = b"\xfe\xff\xff"
        return (
            struct.pack("<B3sB3s", 0x80 if is_active else 0, chs, kind, chs)
            + struct.pack("<II", start // _SECTOR, mib * _MIB // _SECTOR)
        )  # fmt: skip

    table = entry(_BOOT_AT, _BOOT_MIB, kind=0x0E, is_active=True)
    table += entry(_ROOT_AT, _ROOT_MIB, kind=0x83, is_active=False)
    return table.ljust(64, b"\0") + b"\x55\xaa"


def _fill_boot_partition(scratch: Path, disk: Path, kernel: Path, initrd: Path) -> None:
    (scratch / "syslinux.cfg").write_text(_SYSLINUX)
    inside = f"{disk}@@{_BOOT_AT}"
    _tool("mformat", "-i", inside, "-T", str(_BOOT_MIB * _MIB // _SECTOR), "-h", "64", "-s", "32", "::")
    _tool("mcopy", "-i", inside, str(kernel), str(initrd), str(scratch / "syslinux.cfg"), "::")
    _tool("syslinux", "--install", "--offset", str(_BOOT_AT), str(disk))


def _root(scratch: Path, busybox: bytes) -> bytes:
    """The ext4 file system of the installed system."""
    root = scratch / "root"
    for name in (
        "bin",
        "sbin",
        "usr/bin",
        "usr/sbin",
        "etc/acpi/PWRF",
        "proc",
        "sys",
        "dev",
        "root",
        "tmp",
        "var/log",
    ):
        (root / name).mkdir(parents=True)
    (root / "bin/busybox").write_bytes(busybox)
    (root / "bin/busybox").chmod(0o755)
    applets = subprocess.run(
        [root / "bin/busybox", "--list-full"], capture_output=True, text=True, check=True, timeout=20
    )
    for applet in applets.stdout.split():
        if not (root / applet).exists():
            (root / applet).parent.mkdir(parents=True, exist_ok=True)
            (root / applet).symlink_to("/bin/busybox")
    _configuration(root / "etc")
    image = scratch / "root.ext4"
    _tool("mke2fs", "-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", str(root), str(image), f"{_ROOT_MIB}M")
    return image.read_bytes()


def _configuration(etc: Path) -> None:
    files = {
        "passwd": _PASSWD,
        "shadow": "root:*:19000:0:99999:7:::\n",
        "group": _GROUP,
        "hostname": "localhost\n",
        "issue": _ISSUE,
        "os-release": _OS_RELEASE,
        "inittab": (GUEST / "inittab").read_text(),
    }
    for name, content in files.items():
        (etc / name).write_text(content)
    scripts = {"boot": (GUEST / "boot").read_text(), "dhcp": (GUEST / "dhcp").read_text()}
    scripts["acpi/PWRF/00000080"] = "#!/bin/sh\npoweroff\n"  # the power button was pressed: stop in order
    for name, content in scripts.items():
        (etc / name).write_text(content)
        (etc / name).chmod(0o755)
    (etc / "shadow").chmod(0o600)


def _tool(*command: str) -> None:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "MTOOLS_SKIP_CHECK": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
