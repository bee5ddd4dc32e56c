"""What a file is, by its content, and what it may be called. Its own name is never believed."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from dataclasses import dataclass

NAME_LIMIT = 120
ZIP_ENTRIES = 10_000
_ZIP_ENTRY = b"PK\x01\x02"
_TURNING = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c\ufeff\u200b")
_FORBIDDEN = frozenset("/\\:*?\"<>|%;'`")
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10))}
)


@dataclass(frozen=True)
class MediaType:
    """A type that may be attached. `extensions`: the first is given to names that have none of them."""

    name: str
    extensions: tuple[str, ...]
    is_picture: bool = False


PNG = MediaType("image/png", ("png",), is_picture=True)
JPEG = MediaType("image/jpeg", ("jpg", "jpeg", "jpe"), is_picture=True)
GIF = MediaType("image/gif", ("gif",), is_picture=True)
WEBP = MediaType("image/webp", ("webp",), is_picture=True)
PDF = MediaType("application/pdf", ("pdf",))
ZIP = MediaType("application/zip", ("zip",))
GZIP = MediaType("application/gzip", ("gz", "tgz"))
TEXT = MediaType(
    "text/plain", ("txt", "log", "conf", "cfg", "ini", "csv", "tsv", "json", "yaml", "yml", "md", "diff")
)
ALLOWED = (PNG, JPEG, GIF, WEBP, PDF, ZIP, GZIP, TEXT)


def media_type(content: bytes) -> MediaType | None:
    """What `content` is by its own first and last bytes; None when that may not be attached.

    Text is UTF-8 without control characters other than white space, escape, form feed and backspace.
    HTML and SVG are text: they are kept, and served as text/plain, which no browser runs.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(b"\x1f\x8b\x08"):
        return GZIP
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return ZIP if _is_zip(content) else None
    return TEXT if _is_text(content) else None


def _is_zip(content: bytes) -> bool:
    """Whether the archive's directory can be read. Nothing is unpacked, so nothing can swell.

    Ten megabytes of directory would take seconds to read: entries are counted by their marks first.
    """
    if content.count(_ZIP_ENTRY) > ZIP_ENTRIES:
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)):
            return True
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, UnicodeDecodeError):
        return False


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    control = {chr(n) for n in (*range(32), 127)} - set("\t\n\r\f\x1b\b")
    return not control.intersection(text)


def clean_name(name: str, kind: MediaType) -> str:
    """A harmless file name of at most 120 characters that ends as its content demands.

    Only the last part of a path is kept; control, direction and path characters go, and so do leading
    dots and names that Windows reserves. `invoice.exe` that is a PDF becomes `invoice.exe.pdf`.
    """
    last = name.replace("\\", "/").split("/")[-1]
    kept = unicodedata.normalize("NFC", "".join(c for c in last if _is_harmless(c)))
    plain = " ".join(kept.split()).strip(". ")
    if not plain or plain.split(".")[0].lower() in _RESERVED:
        plain = f"file-{plain}" if plain else "file"
    stem, dot, extension = plain.rpartition(".")
    if not dot or extension.lower() not in kind.extensions:
        stem, extension = plain, kind.extensions[0]
    room = NAME_LIMIT - len(extension) - 1
    return f"{stem[:room].rstrip('. ') or 'file'}.{extension.lower()}"


def _is_harmless(character: str) -> bool:
    if character in _TURNING or character in _FORBIDDEN:
        return False
    return unicodedata.category(character) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
