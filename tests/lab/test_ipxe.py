"""Scripts are run as iPXE runs them."""

from __future__ import annotations

import pytest

from lab.bmcs.ipxe import Ending, FetchFailed, Interpreter, Outcome

START = "http://boot/script"


def run(script: str, **files: str) -> tuple[Outcome, list[str]]:
    """What comes of a script, with these other files, and what was printed."""
    printed: list[str] = []
    known = {START: script, **{f"http://boot/{name}": text for name, text in files.items()}}

    def fetch(url: str) -> bytes:
        if url not in known:
            raise FetchFailed(f"{url}... not found")
        return known[url].encode()

    interpreter = Interpreter(fetch, printed.append, {"platform": "pcbios", "net0/mac": "02:00"})
    return interpreter.run(START), printed


def test_kernel_with_arguments_and_initrd() -> None:
    outcome, _ = run(
        "#!ipxe\nset base http://boot\nkernel --timeout 30000 ${base}/kernel initrd=initrd a=${net0/mac}\n"
        "initrd --name initrd ${base}/initrd || goto local\nboot || goto local\n:local\nexit\n",
        kernel="k",
        initrd="i",
    )
    assert outcome == Outcome(
        Ending.KERNEL, "http://boot/kernel", "initrd=initrd a=02:00", ("http://boot/initrd",)
    )


@pytest.mark.parametrize(
    ("script", "ending"),
    [
        ("exit", Ending.DISK),
        ("iseq ${platform} pcbios && sanboot --no-describe --drive 0x80 ||\nreboot", Ending.DISK),
        ("iseq ${platform} efi && sanboot --drive 0x80 ||\nexit", Ending.DISK),
        ("isset ${nothing} && reboot ||\npoweroff", Ending.POWER_OFF),
        ("kernel http://boot/missing || goto rescue\nboot\n:rescue\nreboot", Ending.REBOOT),
        ("kernel http://boot/missing\nreboot", Ending.FAILED),
        ("chain http://boot/other\npoweroff", Ending.POWER_OFF),
        ("nonsense", Ending.FAILED),
        (":round\ngoto round", Ending.FAILED),
    ],
)
def test_ends(script: str, ending: Ending) -> None:
    outcome, _ = run(f"#!ipxe\n{script}\n", other="#!ipxe\nexit\n")
    assert outcome.ending is ending


@pytest.mark.parametrize("script", ["", "kernel http://boot/kernel\nboot\n", "<html>"])
def test_what_is_no_script_is_not_run(script: str) -> None:
    outcome, printed = run(script)
    assert (outcome.ending, outcome.kernel) == (Ending.DISK, "")
    assert "Exec format error" in printed[-1]


def test_an_unreachable_service_means_the_disk() -> None:
    def fetch(url: str) -> bytes:
        raise FetchFailed("no route")

    printed: list[str] = []
    assert Interpreter(fetch, printed.append).run(START) == Outcome(Ending.DISK)
    assert printed == ["no route"]
