"""The wire out of a machine's serial port: lines that are still to come, and what has been printed."""

from collections import deque

from lab.bmcs.boots import Line, Stage

SCROLLBACK = 32_768


class Console:
    """What a machine has printed so far. Bounded: older output than the scrollback is forgotten.

    Lines are scheduled with absolute times and appear when somebody looks (`advance`), so a machine that
    nobody watches costs nothing. `written` counts all characters ever printed and serves as a cursor.
    """

    def __init__(self) -> None:
        self._text = ""
        self._coming: deque[tuple[float, Stage, str]] = deque()
        self.written = 0

    def schedule(self, lines: list[Line], *, start: float, pace: float) -> None:
        """Replace what was still to come by `lines`, beginning at `start`; `pace` 2 is twice as fast."""
        self._coming = deque((start + line.after / pace, line.stage, line.text) for line in lines)

    def silence(self) -> None:
        """Nothing more comes: the power went."""
        self._coming.clear()

    def write(self, text: str) -> None:
        """Print `text` now."""
        self.written += len(text)
        self._text = (self._text + text)[-SCROLLBACK:]

    def advance(self, now: float) -> Stage | None:
        """Print what is due at `now`; the stage of the last line printed, or None when nothing was due."""
        stage = None
        while self._coming and self._coming[0][0] <= now:
            _, stage, text = self._coming.popleft()
            self.write(text)
        return stage

    @property
    def next_at(self) -> float | None:
        """When the next line is due, or None."""
        return self._coming[0][0] if self._coming else None

    @property
    def is_quiet(self) -> bool:
        """No more lines are coming: what is typed now is answered by the system."""
        return not self._coming

    def since(self, cursor: int) -> str:
        """What was printed after `written` was `cursor`, as far as it is still in the scrollback."""
        missed = self.written - cursor
        return self._text[-missed:] if missed > 0 else ""

    def last_lines(self, count: int) -> list[str]:
        """The last `count` lines without their line ends, oldest first."""
        return self._text.replace("\r", "").split("\n")[-count:] if count > 0 else []
