"""Which account PostgreSQL runs as.

`postgres` refuses to run as root (postgresql.org, "The PostgreSQL User Account"), so when we are
root it runs as an account without rights. `nobody` exists on every system: taking it leaves the
machine's list of accounts as it was. Its files are kept in directories of mode 0700.
"""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Account:
    """A system account that a process can be started as."""

    name: str
    uid: int
    gid: int

    @property
    def popen_options(self) -> dict[str, Any]:
        """What `subprocess` needs to start a process as this account, without root's groups."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def database_account() -> Account | None:
    """The account PostgreSQL must run as, or None when it can run as ourselves."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def may_enter(directory: Path, account: Account | None) -> bool:
    """Whether the account may walk from / down to the directory (mode bits, no ACLs)."""
    if account is None:
        return True
    directory = directory.resolve()
    return all(_may_search(one, account) for one in (directory, *directory.parents) if one.exists())


def _may_search(directory: Path, account: Account) -> bool:
    facts = directory.stat()
    if facts.st_uid == account.uid:
        return bool(facts.st_mode & stat.S_IXUSR)
    if facts.st_gid == account.gid:
        return bool(facts.st_mode & stat.S_IXGRP)
    return bool(facts.st_mode & stat.S_IXOTH)


def make_private_directory(directory: Path, account: Account | None = None) -> Path:
    """A directory of mode 0700 that belongs to the account, made if it is not there.

    Raises PermissionError when it exists and belongs to somebody else: in a shared place such as
    /tmp a stranger could have made it first, to read what we put there.
    """
    wanted = account.uid if account else os.geteuid()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = directory.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid not in {wanted, os.geteuid()}:
        raise PermissionError(f"{directory} belongs to somebody else")
    directory.chmod(0o700)
    if account is not None:
        os.chown(directory, account.uid, account.gid)
    return directory
