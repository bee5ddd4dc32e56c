"""Structured logs: one JSON object a line, without secrets.

Redaction works on keys and on values that look like credentials, so a careless call site does
not leak. RQ, Reflex, granian and SQLAlchemy log through the same pipe.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from opsportal.settings import settings

_SECRET_KEY = re.compile(
    r"pass(word|wd)?|secret|token|cookie|authorization|credential|totp|recovery|api_?key", re.IGNORECASE
)
_SECRET_VALUE = re.compile(
    r"(?<=://)[^/@\s]*:[^/@\s]*(?=@)|(?<=password=)[^&\s]+|otpauth://\S+", re.IGNORECASE
)
HIDDEN = "[hidden]"


def redact(value: Any) -> Any:
    """The same value without anything that looks like a credential, at any depth."""
    if isinstance(value, str):
        return _SECRET_VALUE.sub(HIDDEN, value)
    if isinstance(value, dict):
        return {k: HIDDEN if _SECRET_KEY.search(str(k)) else redact(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    return value


def _redact_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    cleaned: MutableMapping[str, Any] = redact(dict(event))
    return cleaned


def configure_logs(process: str) -> None:
    """Send everything to standard error in one form. Call once, first thing in a process."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
    renderer: Any = structlog.processors.JSONRenderer()
    if settings().log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=False)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("rq").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)
