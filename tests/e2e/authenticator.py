"""The app on a person's phone: shows codes, each used once."""

from __future__ import annotations

import time

import pyotp

STEP_S = 30


class Authenticator:
    """TOTP codes of one secret (RFC 6238), never the same twice: the portal refuses a replay."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret, interval=STEP_S)
        self._last_step = 0

    def code(self) -> str:
        """A code that the portal accepts now and has not seen yet; waits for the clock if it must."""
        step = max(self._last_step + 1, int(time.time() // STEP_S))
        while step > time.time() // STEP_S + 1:
            time.sleep(0.2)  # the portal accepts one step of the future and no more
        self._last_step = step
        return self._totp.at(step * STEP_S)

    def last_code(self) -> str:
        """The code that was used last."""
        return self._totp.at(self._last_step * STEP_S)

    def wrong_code(self) -> str:
        """Six digits that no step near now has."""
        now = int(time.time() // STEP_S)
        near = {self._totp.at(step * STEP_S) for step in range(now - 3, now + 4)}
        return next(code for number in range(10) if (code := f"{number:06d}") not in near)
