"""The system on a machine's disk, as far as somebody on its serial console can tell."""

from collections.abc import Callable
from dataclasses import dataclass, field

LONGEST_INPUT = 256


@dataclass
class Shell:
    """A getty and a very small shell: echoes, asks for a password, knows a handful of commands.

    `stop(is_reboot)` is called for `poweroff` and `reboot`. Any user and password get in: the point is a
    console that answers, not a system to protect.
    """

    hostname: str
    kernel: str
    uptime: Callable[[], float]
    stop: Callable[[bool], None]
    _user: str | None = None
    _asks_password: bool = False
    _line: str = field(default="")
    _is_after_cr: bool = False

    def type(self, text: str) -> str:
        """What the terminal prints in answer to `text`."""
        return "".join(self._key(character) for character in text)

    def _key(self, character: str) -> str:
        is_second_half = character == "\n" and self._is_after_cr
        self._is_after_cr = character == "\r"
        if is_second_half:
            return ""
        if character in "\r\n":
            line, self._line = self._line, ""
            return "\r\n" + self._enter(line.strip())
        if character in "\x08\x7f":
            erased, self._line = self._line[-1:], self._line[:-1]
            return "\b \b" if erased and not self._asks_password else ""
        if character == "\x03":
            self._line = ""
            return "^C\r\n" + self._prompt()
        if not character.isprintable() or len(self._line) >= LONGEST_INPUT:
            return ""
        self._line += character
        return "" if self._asks_password else character

    def _prompt(self) -> str:
        if self._user is None:
            return f"{self.hostname} login: "
        return "Password: " if self._asks_password else f"{self._user}@{self.hostname}:~# "

    def _enter(self, line: str) -> str:
        if self._user is None:
            if line:
                self._user, self._asks_password = line, True
            return self._prompt()
        if self._asks_password:
            self._asks_password = False
            return f"Linux {self.hostname} {self.kernel} x86_64\r\n{self._prompt()}"
        answer = self._run(line)
        return f"{answer}\r\n{self._prompt()}" if answer else self._prompt()

    def _run(self, line: str) -> str:
        command = line.split(" ")[0]
        if command in ("poweroff", "reboot"):
            self.stop(command == "reboot")
            return f"The system will {'reboot' if command == 'reboot' else 'power off'} now!"
        if command in ("exit", "logout"):
            self._user = None
            return "logout"
        answers = {
            "": "",
            "hostname": self.hostname,
            "uname": f"Linux {self.hostname} {self.kernel} x86_64 GNU/Linux",
            "uptime": f"up {self.uptime():.0f} s, 1 user, load average: 0.00, 0.01, 0.00",
            "whoami": self._user or "",
            "help": "hostname uname uptime whoami poweroff reboot exit",
        }
        return answers.get(command, f"-bash: {command}: command not found")
