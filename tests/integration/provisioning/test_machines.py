"""What a machine may not do. Each refusal leaves everything as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlmodel import select

from opsportal.db import unit_of_work
from opsportal.domain.hardware import power
from opsportal.domain.provisioning import tokens
from opsportal.domain.provisioning.refusals import BootRefused
from opsportal.domain.provisioning.timelines import list_timelines
from opsportal.integrations.installers import LOCAL_DISK
from opsportal.models import InstallStage, Mail, Server
from opsportal.settings import settings
from tests.builders import make_actor, make_company, make_service
from tests.doors import world
from tests.integration.provisioning.rack import Place, running_place
from tests.stock import hand_over

STRANGER = "203.0.113.9"


@pytest.fixture
def armed(place: Place) -> Place:
    """The server has been told to start the installer, and has asked for its script."""
    place.reinstall()
    place.work()
    assert "/kernel" in place.script()
    return place


def unchanged(call: Callable[[], object]) -> None:
    before = world.everything()
    with pytest.raises(BootRefused):
        call()
    assert world.everything() == before


def test_what_leaves_once_leaves_once(armed: Place) -> None:
    for name in ("image", "install.sh", "hostname", "authorized_keys", "post_install"):
        armed.fetch(name)
        unchanged(partial(armed.fetch, name))


def test_kernel_is_gone_once_the_installer_runs(armed: Place) -> None:
    armed.fetch("kernel")
    armed.fetch("kernel")  # firmware tries again
    armed.fetch("image")
    unchanged(lambda: armed.fetch("kernel"))
    unchanged(lambda: armed.fetch("initrd"))
    assert armed.script() == LOCAL_DISK


def test_files_of_other_installers_and_tokens_of_nobody(armed: Place) -> None:
    for name in ("preseed.cfg", "user-data", "ks.cfg", "shadow2", "../shadow", "", "report"):
        unchanged(partial(armed.fetch, name))
    for token in ("x", "A" * 43, "A" * 44, "\u00e9" * 43, " "):
        unchanged(partial(armed.fetch, "kernel", token=token))
        unchanged(partial(armed.report, "installer_started", token=token))


def test_token_needs_the_key(armed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads the whole database has no token."""
    row = armed.installation()
    assert tokens.make_token(row.job_id, row.nonce) == armed.token()
    monkeypatch.setenv("SECRET_KEY", "B" * 43 + "=")
    settings.cache_clear()
    assert tokens.make_token(row.job_id, row.nonce) != armed.token()


def test_from_another_address(armed: Place) -> None:
    for address in (STRANGER, "", "nonsense", "::1", "127.0.0.1"):
        unchanged(partial(armed.fetch, "kernel", address=address or " "))
        unchanged(partial(armed.report, "answers", address=address or " "))
        before = world.everything()
        assert armed.script(address=address or " ") == LOCAL_DISK
        assert world.everything() == before
    armed.fetch("kernel", address=f"::ffff:{armed.address}")  # as a dual-stack socket says it


def test_network_from_which_any_machine_may_ask(armed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOT_NETWORKS", "203.0.113.0/24")
    settings.cache_clear()
    assert "/kernel" in armed.script(address=STRANGER)
    armed.fetch("kernel", address=STRANGER)
    unchanged(lambda: armed.fetch("kernel", address="192.0.2.200"))


IMPOSSIBLE = (
    ("power_cycled", ""), ("network_boot", ""), ("kernel_fetched", ""), ("verified", ""), ("", ""),
    ("ANSWERS", ""), ("answers", "<b>"), ("answers", "a" * 65), ("answers", "a\nb"), ("answers", "\x00"),
    ("progress", "101"), ("progress", "-1"), ("progress", "x"), ("progress", ""), ("progress", "٣"),
    ("failed", "$(x)"),
)  # fmt: skip


def test_reports_of_what_cannot_be(armed: Place) -> None:
    for milestone, detail in IMPOSSIBLE:
        unchanged(partial(armed.report, milestone, detail))


def test_nothing_after_a_failure(armed: Place) -> None:
    armed.boot_installer()
    armed.report("failed", "checksum")
    assert armed.end == ("failed", "installer_checksum")
    row = armed.installation()
    assert (row.stage, row.password_hash) == (InstallStage.ENDED, None)
    for call in (
        lambda: armed.report("answers"),
        lambda: armed.fetch("image"),
        lambda: armed.report("failed"),
    ):
        unchanged(call)
    assert armed.script() == LOCAL_DISK
    assert armed.end == ("failed", "installer_checksum")


def test_fault_with_an_unknown_name(armed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESK_MAIL", "desk@test.example")
    settings.cache_clear()
    armed.report("failed", "flux-capacitor")
    assert armed.end == ("failed", "installer_other")
    with unit_of_work() as unit:
        (mail,) = unit.exec(select(Mail)).all()
    assert (mail.to_address, mail.subject) == (
        "desk@test.example",
        f"Network boot of {armed.server.name} has failed",
    )
    assert "The installer gave up." in mail.body_text


def test_nothing_after_the_end(armed: Place) -> None:
    armed.boot_installer()
    armed.install()
    unchanged(lambda: armed.report("failed", "write"))
    assert armed.end == ("succeeded", "verified")


def test_other_machines_get_their_disk(armed: Place) -> None:
    with running_place(2) as other:
        before = world.everything()
        assert other.script() == LOCAL_DISK
        for mac in ("", "52:54:00:ff:ff:ff", "x" * 17, "52:54:00", "'; DROP TABLE server; --", "../.."):
            assert other.script(mac=mac or "-", address=armed.address) == LOCAL_DISK
        unchanged(lambda: other.fetch("kernel", token=armed.token()))  # its address is another
        assert world.everything() == before


def test_mac_in_every_form(armed: Place) -> None:
    mac = armed.server.mac
    for form in (mac.upper(), mac.replace(":", "-"), mac.replace(":", "")):
        assert "/kernel" in armed.script(mac=form)


def test_script_before_the_worker_and_after_cancelling(place: Place) -> None:
    place.reinstall()
    assert place.script() == LOCAL_DISK
    with unit_of_work() as unit:
        power.cancel_job(unit, place.actor, place.job_id)
    row = place.installation()
    assert (row.stage, row.outcome_code, row.password_hash) == (InstallStage.ENDED, "cancelled", None)
    place.work()
    assert (place.script(), place.bmc.commands) == (LOCAL_DISK, [])
    place.reinstall()  # the server is free again


def test_configuration_fetched_by_many_at_once(armed: Place) -> None:
    """Exactly one of them gets it."""
    people = 6
    start = threading.Barrier(people)

    def fetch(_: int) -> str:
        start.wait()
        try:
            return armed.fetch("install.sh")[:9]
        except BootRefused:
            return "refused"

    with ThreadPoolExecutor(people) as threads:
        assert sorted(threads.map(fetch, range(people))) == ["#!/bin/sh"] + ["refused"] * (people - 1)
    assert armed.installation().fetched == ["install.sh"]


def test_two_reinstalls_at_once(place: Place) -> None:
    start = threading.Barrier(4)

    def order(_: int) -> str:
        start.wait()
        try:
            return str(place.reinstall().job.status)
        except Exception as refusal:
            return getattr(refusal, "code", repr(refusal))

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(order, range(4))) == ["queued", *["server_busy"] * 3]


def test_server_that_changed_hands_keeps_its_secrets(armed: Place) -> None:
    """The job of a former tenant is not shown to the new one, and its installer gets nothing more."""
    company = make_company()
    service = make_service(company)
    with unit_of_work() as unit:
        hand_over(unit, armed.server.id or 0, service.id)
    new = make_actor(company=company)
    with unit_of_work() as unit:
        assert list_timelines(new, unit, armed.server.id or 0) == []
        assert unit.get_one(Server, armed.server.id).service_id == service.id
    unchanged(partial(armed.fetch, "image"))
    assert armed.script() == LOCAL_DISK
