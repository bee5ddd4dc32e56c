"""Machines of QEMU that start what a boot service offers, without a firmware's way to it: kernel and arguments are given."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.bmcs.boot_clients import HOST_OF_GUESTS
from lab.qemu.images import ARGUMENTS, CACHE, build
from tests.lab.boot_services import BASE, PATIENCE_S, BootService
from tests.tools import need_tool


def command(
    service: BootService, mode: str, *, initrd: Path | None = None, disks: Sequence[str] = (), more: str = ""
) -> list[str]:
    """QEMU with these disks, for a guest that fetches its script from `service`; its serial line is ours.

    `more`: arguments of the kernel.
    """
    images = build(CACHE)
    url = service.url.replace("127.0.0.1", HOST_OF_GUESTS)
    return [
        need_tool("qemu-system-x86_64"), "-accel", "tcg", "-m", "256", "-display", "none", "-nodefaults",
        "-no-user-config", "-kernel", str(images.kernel), "-initrd", str(initrd or images.initrd),
        "-append", f"{ARGUMENTS} opsportal.base={url}{BASE} opsportal.mode={mode} {more}".strip(),
        "-netdev", "user,id=n0,ipv6=off", "-device", "virtio-net-pci,netdev=n0",
        "-device", "virtio-rng-pci", "-serial", "stdio", "-no-reboot", *disks,
    ]  # fmt: skip


def disk(number: int, file: Path, card: str = "virtio-blk-pci") -> list[str]:
    """One that lies in a file. Its serial number: DK and its number."""
    return [
        "-drive", f"id=d{number},file={file},if=none,format=raw,cache=unsafe",
        "-device", f"{card},drive=d{number},serial=DK{number}",
    ]  # fmt: skip


class Guest:
    """A machine that runs, and somebody before its serial line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._said = ""
        self._read = 0
        self._has_ended = False
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        while piece := os.read(self._process.stdout.fileno(), 65_536):
            with self._changed:
                self._said += piece.decode(errors="replace")
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def expect(self, pattern: str, *, timeout: float = 5 * PATIENCE_S) -> re.Match[str]:
        """Until it has said something like it, after what was expected before."""
        found: list[re.Match[str]] = []

        def is_there() -> bool:
            found.extend(re.compile(pattern).finditer(self._said, self._read))
            return bool(found) or self._has_ended

        with self._changed:
            self._changed.wait_for(is_there, timeout)
            assert found, self._said[-3000:]
            self._read = found[0].end()
        return found[0]

    def type(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def cut_power(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()


@contextmanager
def running_guest(words: Sequence[str]) -> Iterator[Guest]:
    """Such a machine, for a `with` block."""
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
    ) as process:
        guest = Guest(process)
        try:
            yield guest
        finally:
            guest.cut_power()
