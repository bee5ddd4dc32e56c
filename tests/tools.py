"""Programs that tests need from the system."""

from __future__ import annotations

import os
import shutil

import pytest


def need_tool(name: str) -> str:
    """The path of a program on PATH; without it the test is skipped, or fails where CI=true.

    A test that quietly skips on the one machine that decides is no test.
    """
    # Debian keeps some of them where only root looks by default.
    path = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
    if path is None:
        reason = f"{name} is not installed: see requirements-apt.txt"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
