"""An initramfs archive ("newc" of cpio), written without root and the same for the same content.

Format: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_MAGIC = "070701"
_DIRECTORY, _FILE, _CHARACTER_DEVICE = 0o040000, 0o100000, 0o020000


@dataclass
class Archive:
    """Entries of root, in the order they were added; directories above a file are made by `file`."""

    _parts: list[bytes] = field(default_factory=list)
    _directories: set[str] = field(default_factory=set)

    def directory(self, path: str) -> None:
        """An empty directory, and those above it."""
        above, _, _ = path.rpartition("/")
        if above:
            self.directory(above)
        if path not in self._directories:
            self._directories.add(path)
            self._add(path, _DIRECTORY | 0o755)

    def file(self, path: str, content: bytes, *, mode: int = 0o644) -> None:
        """A regular file."""
        above, _, _ = path.rpartition("/")
        if above:
            self.directory(above)
        self._add(path, _FILE | mode, content)

    def character_device(self, path: str, major: int, minor: int) -> None:
        """A device node, as the kernel needs /dev/console before anybody has mounted anything."""
        self.directory(path.rpartition("/")[0])
        self._add(path, _CHARACTER_DEVICE | 0o600, device=(major, minor))

    def finish(self) -> bytes:
        """The whole archive."""
        self._add("TRAILER!!!", 0)
        return b"".join(self._parts)

    def _add(self, path: str, mode: int, content: bytes = b"", *, device: tuple[int, int] = (0, 0)) -> None:
        name = path.encode() + b"\0"
        numbers = (len(self._parts) + 1, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0)
        header = (_MAGIC + "".join(f"{number:08X}" for number in numbers)).encode()
        self._parts.append(_padded(header + name) + _padded(content))


def _padded(block: bytes) -> bytes:
    return block + b"\0" * (-len(block) % 4)
