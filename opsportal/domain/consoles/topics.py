"""The names under which changes to consoles are announced."""

from __future__ import annotations


def console(server_id: int) -> str:
    """Somebody's right to a console of this server has changed."""
    return f"server:{server_id}:console"


def serial(job_id: int) -> str:
    """A job's serial log has grown."""
    return f"job:{job_id}:serial"


def server_serial(server_id: int) -> str:
    """The serial log of one of this server's jobs has grown: for those who follow whatever job is newest."""
    return f"server:{server_id}:serial"


def server_of(topic: str) -> int | None:
    """The server that a topic of `console` is about; None for any other topic."""
    kind, _, rest = topic.partition(":")
    number, _, what = rest.partition(":")
    return int(number) if kind == "server" and what == "console" and number.isdecimal() else None
