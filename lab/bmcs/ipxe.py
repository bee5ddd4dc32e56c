"""What iPXE does with a script, as far as boot services write them: https://ipxe.org/scripting and /cmd.

Known: echo, set, clear, isset, iseq, goto, sleep, dhcp, ifopen, kernel, initrd, imgfetch, imgargs, imgfree, imgstat,
chain, sanboot, boot, exit, reboot, poweroff; `||` and `&&`; `${name}`; labels. Anything else ends the script as
an unknown command does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MOST_COMMANDS = 500
"""A script that goes round in circles ends here."""


class Ending(StrEnum):
    """How a script ended."""

    KERNEL = "kernel"
    DISK = "disk"
    REBOOT = "reboot"
    POWER_OFF = "power-off"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """What the machine does next; `arguments` is the kernel's command line for KERNEL."""

    ending: Ending
    kernel: str = ""
    arguments: str = ""
    initrds: tuple[str, ...] = ()


class FetchFailed(Exception):
    """A file cannot be had; the message is what iPXE prints about it."""


class _End(Exception):
    def __init__(self, ending: Ending) -> None:
        self.ending = ending


@dataclass
class Interpreter:
    """Runs scripts. `fetch(url)` returns a file or raises FetchFailed, `say(line)` prints on the console."""

    fetch: Callable[[str], bytes]
    say: Callable[[str], None]
    variables: dict[str, str] = field(default_factory=dict)
    _kernel: str = ""
    _arguments: str = ""
    _initrds: list[str] = field(default_factory=list)
    _left: int = MOST_COMMANDS

    def run(self, url: str) -> Outcome:
        """What comes of chaining to the script at `url`; without an answer, the next device of the BIOS."""
        try:
            self._chain([url])
            ending = Ending.DISK
        except FetchFailed as failure:
            self.say(str(failure))
            ending = Ending.DISK
        except _End as end:
            ending = end.ending
        return Outcome(ending, self._kernel, self._arguments, tuple(self._initrds))

    def _script(self, text: str) -> None:
        lines = text.splitlines()
        if not lines or not lines[0].startswith("#!ipxe"):
            raise FetchFailed("Could not boot: Exec format error (https://ipxe.org/2e008081)")
        labels = {line.strip()[1:]: at for at, line in enumerate(lines) if line.strip().startswith(":")}
        at = 1
        while at < len(lines):
            try:
                self._line(lines[at])
            except _Goto as jump:
                at = labels.get(jump.label, len(lines))
            except _Leave:
                return
            at += 1

    def _line(self, line: str) -> None:
        line = line.strip()
        if not line or line[0] in "#:":
            return
        words = self._expanded(line).split()
        commands, links = _split(words)
        is_fine = True
        for link, command in zip(["", *links], commands, strict=True):
            if (link == "||" and is_fine) or (link == "&&" and not is_fine):
                continue
            is_fine = self._command(command)
        if not is_fine:
            raise _End(Ending.FAILED)

    def _command(self, words: list[str]) -> bool:
        """Run one command; whether it succeeded."""
        self._left -= 1
        if self._left < 0:
            raise _End(Ending.FAILED)
        if not words:  # what `||` at the end of a line does: the line has succeeded anyhow
            return True
        name, arguments = words[0], words[1:]
        command = _COMMANDS.get(name)
        if command is None:
            self.say(f"{name}: command not found")
            return False
        try:
            return command(self, arguments) is not False
        except FetchFailed as failure:
            self.say(str(failure))
            return False

    def _expanded(self, line: str) -> str:
        for _ in range(line.count("${")):
            before, _, rest = line.partition("${")
            name, _, after = rest.partition("}")
            line = before + self.variables.get(name.partition(":")[0], "") + after
        return line

    # -- commands: None or True for success, False for failure

    def _echo(self, words: list[str]) -> None:
        self.say(" ".join(words))

    def _set(self, words: list[str]) -> None:
        self.variables[words[0]] = " ".join(words[1:])

    def _isset(self, words: list[str]) -> bool:
        return bool(words)  # an empty variable leaves nothing behind

    def _iseq(self, words: list[str]) -> bool:
        return len(words) == 2 and words[0] == words[1]

    def _goto(self, words: list[str]) -> None:
        raise _Goto(words[0])

    def _take_kernel(self, words: list[str]) -> None:
        url, *arguments = _without_options(words)
        self._load(url)
        self._kernel, self._arguments = url, " ".join(arguments)

    def _take_initrd(self, words: list[str]) -> None:
        url = _without_options(words)[0]
        self._load(url)
        self._initrds.append(url)

    def _imgargs(self, words: list[str]) -> None:
        self._arguments = " ".join(words[1:])

    def _imgfree(self, words: list[str]) -> None:
        self._kernel, self._arguments, self._initrds = "", "", []

    def _chain(self, words: list[str]) -> None:
        self._script(self._load(_without_options(words)[0]).decode("utf-8", "replace"))

    def _boot(self, words: list[str]) -> bool:
        if words:
            self._take_kernel(words)
        if not self._kernel:
            return False
        raise _End(Ending.KERNEL)

    def _exit(self, words: list[str]) -> None:
        raise _Leave

    def _load(self, url: str) -> bytes:
        content = self.fetch(url)
        self.say(f"{url}... ok")
        return content

    def _nothing(self, words: list[str]) -> None:
        """Succeeds here at once: the network is there, and nobody waits."""


class _Goto(Exception):
    def __init__(self, label: str) -> None:
        self.label = label


class _Leave(Exception):
    """`exit`: back to whoever chained here, in the end to the BIOS."""


def _split(words: list[str]) -> tuple[list[list[str]], list[str]]:
    commands: list[list[str]] = [[]]
    links = []
    for word in words:
        if word in ("||", "&&"):
            links.append(word)
            commands.append([])
        else:
            commands[-1].append(word)
    return commands, links


def _without_options(words: list[str]) -> list[str]:
    """The words from the address on: `--name x`, `-n x` and `--replace` come before it."""
    left = list(words)
    while left and left[0].startswith("-"):
        option = left.pop(0)
        if option in ("--name", "-n", "--timeout", "-t", "--drive", "-d") and left:
            left.pop(0)
    return left or [""]


def _ends(ending: Ending) -> Callable[[Interpreter, list[str]], bool | None]:
    def end(_interpreter: Interpreter, _words: list[str]) -> None:
        raise _End(ending)

    return end


_COMMANDS: Mapping[str, Callable[[Interpreter, list[str]], bool | None]] = {
    "echo": Interpreter._echo,
    "set": Interpreter._set,
    "isset": Interpreter._isset,
    "iseq": Interpreter._iseq,
    "goto": Interpreter._goto,
    "kernel": Interpreter._take_kernel,
    "initrd": Interpreter._take_initrd,
    "imgfetch": Interpreter._take_initrd,
    "imgargs": Interpreter._imgargs,
    "imgfree": Interpreter._imgfree,
    "chain": Interpreter._chain,
    "boot": Interpreter._boot,
    "exit": Interpreter._exit,
    "sanboot": _ends(Ending.DISK),
    "reboot": _ends(Ending.REBOOT),
    "poweroff": _ends(Ending.POWER_OFF),
    **dict.fromkeys(
        ("sleep", "dhcp", "ifopen", "ifconf", "clear", "imgstat", "console", "prompt"), Interpreter._nothing
    ),
}
