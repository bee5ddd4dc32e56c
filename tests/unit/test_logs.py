"""What never stands in a log."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from opsportal import logs
from opsportal.logs import HIDDEN, configure_logs, redact


@pytest.mark.parametrize(
    "key",
    ["password", "new_password", "passwd", "secret", "SECRET_KEY", "token", "csrf_token", "cookie", "Set-Cookie",
     "Authorization", "credentials", "totp", "recovery_codes", "api_key", "apikey"],
)  # fmt: skip
def test_values_under_such_keys_are_hidden_at_any_depth(key: str) -> None:
    assert redact({"a": [{key: "hunter2"}]}) == {"a": [{key: HIDDEN}]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://user:pw@host/db", f"postgresql://{HIDDEN}@host/db"),
        ("unix://:pw@/run/redis.sock?db=1", f"unix://{HIDDEN}@/run/redis.sock?db=1"),
        ("unix:///run/redis.sock?password=pw&db=1", f"unix:///run/redis.sock?password={HIDDEN}&db=1"),
        ("scan otpauth://totp/x?secret=ABC now", f"scan {HIDDEN} now"),
        ("nothing here", "nothing here"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/a"),
    ],
)
def test_credentials_inside_texts_are_hidden(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact((text, 1)) == [shown, 1]


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error of a process that has configured its logs; put back afterwards."""
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers, root.level
    monkeypatch.setattr(logs.sys, "stderr", stream)
    configure_logs("test")
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_one_json_object_a_line_from_our_own_code_and_from_others(output: io.StringIO) -> None:
    structlog.get_logger("ours").info("signed_in", password="pw", url="redis://u:pw@h")
    logging.getLogger("theirs").warning("connect to %s failed", "postgresql://u:pw@h/db")
    ours, theirs = map(json.loads, output.getvalue().splitlines())
    assert (ours["event"], ours["password"], ours["url"]) == ("signed_in", HIDDEN, f"redis://{HIDDEN}@h")
    assert theirs["event"] == f"connect to postgresql://{HIDDEN}@h/db failed"
    assert (ours["process"], theirs["level"], theirs["logger"]) == ("test", "warning", "theirs")


def test_traceback_hides_them_too_and_forged_lines_stay_inside_one(output: io.StringIO) -> None:
    try:
        raise RuntimeError("no answer from redis://u:pw@h\n{}")
    except RuntimeError:
        structlog.get_logger("ours").exception("failed")
    (line,) = output.getvalue().splitlines()
    assert "u:pw" not in line
    assert json.loads(line)["event"] == "failed"
