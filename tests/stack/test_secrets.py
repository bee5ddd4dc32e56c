"""Secrets are made once, kept private, and never replaced by new ones behind anybody's back."""

from __future__ import annotations

import base64
import stat
from pathlib import Path

import pytest

from stack.secrets import SecretsUnreadable, load_or_create


def test_are_generated_once_and_private(tmp_path: Path) -> None:
    first = load_or_create(tmp_path)
    assert load_or_create(tmp_path) == first
    assert len(base64.urlsafe_b64decode(first.secret_key)) == 32
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.json"]


def test_differ_between_installations(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert load_or_create(tmp_path / "a") != load_or_create(tmp_path / "b")


def test_do_not_show_in_logs(tmp_path: Path) -> None:
    found = load_or_create(tmp_path)
    assert found.secret_key not in f"{found} {found!r}"


def test_an_interrupted_first_start_leaves_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "secrets.new").write_text('{"secret_key": "ha')
    load_or_create(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.json"]


@pytest.mark.parametrize("content", ["", "{", "{}", '{"secret_key": "x"}'])
def test_damaged_ones_are_kept_and_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "secrets.json").write_text(content)
    with pytest.raises(SecretsUnreadable, match="put it back from a copy"):
        load_or_create(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == content
