"""What a file is, is decided by its content; what it is called, by us."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsportal.domain.support import media
from opsportal.domain.support.media import ALLOWED, PDF, PNG, TEXT, ZIP, clean_name, media_type

PNG_BYTES = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 17


def zip_bytes(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "x")  # the same bytes at any time: they name a test
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (PNG_BYTES, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"\x00" * 20, "image/jpeg"),
        (b"GIF89a" + b"\x00" * 20, "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
        (zip_bytes("a.txt"), "application/zip"),
        (zip_bytes(), "application/zip"),
        (b"\x1f\x8b\x08\x00", "application/gzip"),
        ("журнал: помилка\n".encode(), "text/plain"),
        (b"\xef\xbb\xbfwith a mark\r\n", "text/plain"),
        (b"\x1b[31mred\x1b[0m", "text/plain"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"<svg onload=alert(1)>", "text/plain"),
    ],
)
def test_allowed_types_are_known_by_their_content(content: bytes, name: str) -> None:
    found = media_type(content)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "content",
    [
        b"MZ\x90\x00\x03\x00",
        b"\x7fELF\x02\x01\x01\x00",
        b"text with a \x00 in it",
        b"\xff\xfea\x00b\x00",
        b"PK\x03\x04 and nothing else",
        b"\x89PNG\r\n\x1a\n but no picture",
        b"RIFF\x10\x00\x00\x00WAVEfmt ",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"caf\xe9",
    ],
)
def test_anything_else_is_not(content: bytes) -> None:
    assert media_type(content) is None


def test_an_archive_that_is_all_directory_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    three = zip_bytes("a", "b", "c")
    monkeypatch.setattr(media, "ZIP_ENTRIES", 2)
    assert media_type(zip_bytes("a", "b")) is ZIP
    monkeypatch.setattr(zipfile, "ZipFile", None)  # reading it would raise
    assert media_type(three) is None


@pytest.mark.parametrize(
    ("name", "kind", "clean"),
    [
        ("log.txt", TEXT, "log.txt"),
        ("../../etc/passwd", TEXT, "passwd.txt"),
        ("..\\..\\boot.ini", TEXT, "boot.ini"),
        ("C:\\Users\\me\\plan.PDF", PDF, "plan.pdf"),
        ("a\0b.png", PNG, "ab.png"),
        ("invoice\u202egnp.exe", PNG, "invoicegnp.exe.png"),
        ("x.png", ZIP, "x.png.zip"),
        ("setup.exe", TEXT, "setup.exe.txt"),
        ("page.html", TEXT, "page.html.txt"),
        ('a"; filename="b.exe', TEXT, "a filename=b.exe.txt"),
        ("line\r\nSet-Cookie: x.txt", TEXT, "lineSet-Cookie x.txt"),
        ("", TEXT, "file.txt"),
        ("...", TEXT, "file.txt"),
        (".htaccess", TEXT, "htaccess.txt"),
        ("con.txt", TEXT, "file-con.txt"),
        ("COM1", TEXT, "file-COM1.txt"),
        ("звіт за листопад.pdf", PDF, "звіт за листопад.pdf"),
        ("a" * 300 + ".pdf", PDF, "a" * 116 + ".pdf"),
    ],
)
def test_names_become_harmless_and_end_as_their_content_demands(
    name: str, kind: media.MediaType, clean: str
) -> None:
    assert clean_name(name, kind) == clean


@settings(deadline=None)  # a busy machine is no finding
@given(st.text(), st.sampled_from(ALLOWED))
@example("\ud800", TEXT)
@example("." * 500, PDF)
@example("a." * 200, PDF)
def test_no_name_is_dangerous(name: str, kind: media.MediaType) -> None:
    clean = clean_name(name, kind)
    assert 1 <= len(clean) <= 120
    assert clean.encode() != b""
    assert not set(clean) & set('/\\\0\r\n"<>:;|?*\u202e')
    assert not clean.startswith(".")
    assert clean.rpartition(".")[2] in kind.extensions
    assert clean_name(clean, kind) == clean
