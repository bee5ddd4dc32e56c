"""A Redfish service that means no good: it is never believed, never followed elsewhere and never waited for."""

from __future__ import annotations

import gzip
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import bmc
from bmc import PowerGoal, PowerState, Privilege
from bmc.redfish import connections
from tests.bmc.conftest import given_time, in_time
from tests.bmc.redfish_service import (
    ACCOUNTS,
    CHASSIS,
    MANAGER,
    RESET,
    SESSIONS,
    SYSTEM,
    V1,
    RedfishService,
    Reply,
    reference,
)
from tests.bmc.test_hostile_sessions import EVIL, QUESTIONS, ask, assert_harmless

_S = 4.0
_LONG_S = 25.0
_LOG = f"{SYSTEM}/LogServices/SEL/Entries"
Harm = Callable[[RedfishService, "RedfishService"], None]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RedfishService]:
    with RedfishService(tmp_path / "bmc") as running:
        yield running


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[RedfishService]:
    """Some other service inside, which our worker could reach and a tenant could not."""
    with RedfishService(tmp_path / "victim") as running:
        yield running


def _reading(service: RedfishService, timeout_s: float = _LONG_S) -> PowerState:
    with bmc.connect(service.endpoint) as control:
        return control.power_state(timeout_s=timeout_s)


def _elsewhere(victim: RedfishService) -> str:
    return f"https://{victim.endpoint.host}:{victim.endpoint.port}"


BODIES: dict[str, Reply] = {
    "HTML": Reply(200, b"<html><script>alert(1)</script></html>"),
    "nothing": Reply(200, b""),
    "a list": Reply(200, [1, 2, 3]),
    "a text": Reply(200, "on"),
    "nested without end": Reply(200, b"[" * 200_000),
    "a number without end": Reply(200, b'{"PowerState": ' + b"9" * 100_000 + b"}"),
    "a wrong type": Reply(200, {"PowerState": {"On": ["On"]}}),
    "an unknown state": Reply(200, {"PowerState": EVIL}),
    "broken characters": Reply(200, b'{"PowerState": "\xff\xfe"}'),
    "a gzip bomb": Reply(200, gzip.compress(bytes(64 * 1024 * 1024)), {"Content-Encoding": "gzip"}),
    "gzip that is none": Reply(200, b"not gzip", {"Content-Encoding": "gzip"}),
    "half of gzip": Reply(200, gzip.compress(b"{}" * 99)[:20], {"Content-Encoding": "gzip"}),
    "a body without end": Reply(200, pieces=itertools.repeat(b" " * 65_536)),
    "chunks without end": Reply(
        200,
        headers={"Transfer-Encoding": "chunked"},
        pieces=itertools.repeat(b"10000\r\n" + b" " * 65_536 + b"\r\n"),
    ),
    "a negative length": Reply(200, b"{}", {"Content-Length": "-5"}, pieces=()),
    "a length of nonsense": Reply(200, b"{}", {"Content-Length": "a lot"}, pieces=()),
    "a thousand headers": Reply(200, {}, {f"X-{n}": "x" for n in range(1_000)}),
    "a long header": Reply(200, {}, {"X": "x" * 100_000}),
    "a cookie of nonsense": Reply(200, {}, {"Set-Cookie": "=;=\x01"}),
    "an unknown status": Reply(999),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_answer_is_a_protocol_error_in_our_words(service: RedfishService, name: str) -> None:
    service.answers["GET", SYSTEM] = lambda _: BODIES[name]
    with pytest.raises(bmc.BmcProtocolError) as caught:
        _reading(service)
    assert str(caught.value) == f"bmc_protocol_error: {bmc.BmcProtocolError.advice}"


def _drip() -> Iterator[bytes]:
    while True:
        time.sleep(0.05)
        yield b" "


def test_a_drip_costs_its_timeout(service: RedfishService) -> None:
    service.answers["GET", SYSTEM] = lambda _: Reply(200, pieces=_drip())

    def read(seconds: float) -> None:
        start = time.monotonic()
        with pytest.raises(bmc.BmcUnreachable):
            _reading(service, timeout_s=seconds)
        in_time(start, seconds + 20)  # it drips for ever

    given_time(read, _S, _LONG_S)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(service: RedfishService, victim: RedfishService, status: int) -> None:
    for method, path in (("GET", SYSTEM), ("POST", RESET)):
        target = _elsewhere(victim) + path
        service.answers[method, path] = lambda _, to=target: Reply(status, headers={"Location": to})
        with bmc.connect(service.endpoint) as control, pytest.raises(bmc.BmcProtocolError):
            control.set_power(PowerGoal.OFF, timeout_s=_LONG_S)  # reads the system first
        del service.answers[method, path]
    assert victim.asked == []


def _links(victim: RedfishService) -> list[object]:
    other = _elsewhere(victim)
    return [
        other + SYSTEM,
        other.removeprefix("https:") + SYSTEM,
        f"@{victim.endpoint.host}:{victim.endpoint.port}{SYSTEM}",
        "/admin/reset",
        "file:///etc/passwd",
        f"{V1}/Systems/1 HTTP/1.1\r\nHost: evil\r\n\r\nGET /",
        f"{V1}/\u0130",
        ["a", "list"],
        {"@odata.id": SYSTEM},
        7,
    ]


def test_a_link_to_elsewhere_is_not_followed(service: RedfishService, victim: RedfishService) -> None:
    """SSRF: whatever a link says, only this BMC is spoken to, and only below /redfish/."""
    for link in _links(victim)[::2]:
        service.resources[f"{V1}/Systems"] = {"Members": [{"@odata.id": link}]}
        with pytest.raises(bmc.BmcProtocolError):
            _reading(service)
    service.resources[f"{V1}/Systems"] = {"Members": [reference(SYSTEM)]}
    for link in _links(victim)[1:6:2]:
        service.resources[SYSTEM]["Actions"]["#ComputerSystem.Reset"]["target"] = link
        service.resources[SYSTEM]["LogServices"] = service.resources[CHASSIS]["Sensors"] = {"@odata.id": link}
        with bmc.connect(service.endpoint) as control:
            with pytest.raises(bmc.BmcProtocolError):
                control.set_power(PowerGoal.OFF, timeout_s=_LONG_S)
            for question in ("events", "sensors"):
                with pytest.raises(bmc.BmcError):
                    QUESTIONS[question](control)
    assert victim.asked == []
    assert {one.path.split("?")[0] for one in service.asked} <= {
        f"{V1}/",
        f"{V1}/Systems",
        f"{V1}/Managers",
        SYSTEM,
        MANAGER,
        CHASSIS,
        SESSIONS,
        *(f"{SESSIONS}/{one}" for one in (one.path.rpartition("/")[2] for one in service.asked)),
    }
    assert service.power() == PowerState.ON


def test_a_session_elsewhere_is_not_closed_there(service: RedfishService, victim: RedfishService) -> None:
    location = _elsewhere(victim) + "/redfish/v1/AccountService/Accounts/1"
    service.answers["POST", SESSIONS] = lambda _: Reply(201, {}, {"X-Auth-Token": "t", "Location": location})
    service.open_sessions.add("t")
    assert _reading(service) == PowerState.ON
    assert victim.asked == []


def _evil_names(service: RedfishService) -> None:
    for resource in service.resources.values():
        for key in (
            "Name",
            "Manufacturer",
            "Model",
            "SerialNumber",
            "BiosVersion",
            "FirmwareVersion",
            "Message",
        ):
            if key in resource or key == "Name":
                resource[key] = EVIL
    for entry in service.resources[_LOG]["Members"]:
        entry |= {
            "Message": EVIL * 50,
            "MessageId": EVIL,
            "Created": EVIL,
            "Severity": EVIL,
            "SensorType": EVIL,
        }
    service.slots.append(EVIL)
    service.passwords[EVIL], service.roles[EVIL] = "x", EVIL


def _endless_log(service: RedfishService) -> None:
    numbers = itertools.count()

    def page(_: object) -> Reply:
        entries = [{"Id": str(next(numbers)), "Message": "m", "Severity": "OK"} for _ in range(50)]
        return Reply(200, {"Members": entries, "Members@odata.count": 10**9, "Members@odata.nextLink": _LOG})

    service.answers["GET", _LOG] = page


def _circular_collections(service: RedfishService) -> None:
    sensors = f"{CHASSIS}/Sensors"
    service.resources[sensors] = {
        "Members": [reference(sensors)] * 100_000,
        "Members@odata.nextLink": sensors,
    }
    service.resources[SYSTEM]["Links"]["Chassis"] = [reference(CHASSIS)] * 10_000
    service.resources[CHASSIS]["Links"] = {"Contains": [reference(CHASSIS)] * 10}
    service.resources[SYSTEM]["LogServices"] = reference(f"{SYSTEM}/LogServices")
    service.resources[f"{SYSTEM}/LogServices"] = {"Members": [reference(f"{SYSTEM}/LogServices")] * 9_999}


def _wrong_types(service: RedfishService) -> None:
    for path, resource in list(service.resources.items()):
        if path not in (f"{V1}/", f"{V1}/Systems", f"{V1}/Managers"):
            service.resources[path] = {
                key: [[], {}, None, 1e308, True][n % 5] for n, key in enumerate(resource)
            }


def _numbers_of_nonsense(service: RedfishService) -> None:
    body = b'{"Name": "n", "Reading": NaN, "PowerWatts": {"Reading": 1e400}, "Id": "-1"}'
    for path in (f"{CHASSIS}/Sensors/1", f"{CHASSIS}/Sensors/2", f"{CHASSIS}/EnvironmentMetrics"):
        service.answers["GET", path] = lambda _: Reply(200, body)


HARMS: dict[str, Callable[[RedfishService], None]] = {
    "evil names": _evil_names,
    "an endless log": _endless_log,
    "circles": _circular_collections,
    "wrong types": _wrong_types,
    "numbers of nonsense": _numbers_of_nonsense,
}


@pytest.mark.parametrize("harm", HARMS)
def test_every_question_ends_with_something_harmless(service: RedfishService, harm: str) -> None:
    HARMS[harm](service)
    with bmc.connect(service.endpoint) as control:
        for question in QUESTIONS.values():
            assert_harmless(ask(control, question))
    assert service.changes() == []


def test_an_endless_log_is_read_so_far(service: RedfishService) -> None:
    _endless_log(service)
    with bmc.connect(service.endpoint) as control:
        log = bmc.capability(control, bmc.EventLog).read_events(limit=10, timeout_s=_LONG_S)
    assert len(log.events) == 10
    assert log.partial in ("too_many", "out_of_time")


def test_a_service_that_says_yes_to_everything_creates_nobody(service: RedfishService) -> None:
    service.answers["POST", ACCOUNTS] = lambda _: Reply(201, {})
    with bmc.connect(service.endpoint) as control, pytest.raises(bmc.BmcIgnoredCommand):
        bmc.capability(control, bmc.Users).create_user(
            "guest", "password", privilege=Privilege.OPERATOR, timeout_s=_LONG_S
        )


@pytest.mark.parametrize("vendor", ["Lenovo", "Dell", "AMI", EVIL])
def test_a_vendor_that_it_only_claims_to_be(
    service: RedfishService, victim: RedfishService, vendor: str
) -> None:
    """pyghmi has code for vendors, chosen by what the BMC says; none of it may dial anybody else."""
    service.resources[f"{V1}/"]["Vendor"] = vendor
    service.resources[SYSTEM]["Oem"] = {vendor: {"Host": _elsewhere(victim)}}
    try:
        answer: object = _reading(service)
    except bmc.BmcError as error:
        answer = error.code
    assert answer in (PowerState.ON, "bmc_protocol_error", "bmc_unsupported")
    assert victim.asked == []


def test_a_link_is_a_path_of_this_service(victim: RedfishService) -> None:
    assert connections._LINK.fullmatch(_elsewhere(victim) + SYSTEM) is None
    assert connections._LINK.fullmatch("//evil/redfish/v1/") is None
    assert connections._LINK.fullmatch("/redfish/v1/Systems/1?$expand=.($levels=1)") is not None


def test_log_ons_are_not_repeated_when_sessions_expire_at_once(service: RedfishService) -> None:
    """A service that takes the password and refuses the session: one try more, and no more."""
    service.answers["GET", SYSTEM] = lambda _: Reply(401)
    with pytest.raises(bmc.BmcError):
        _reading(service)
    posts = [one for one in service.asked if one.path == SESSIONS and one.method == "POST"]
    assert len(posts) <= 3


def test_a_password_is_never_sent_to_whom_we_do_not_believe(service: RedfishService) -> None:
    with bmc.connect(replace(service.endpoint, fingerprint="00" * 32)) as control:
        with pytest.raises(bmc.BmcCertificateUnknown):
            control.set_power(PowerGoal.OFF, timeout_s=_LONG_S)
    assert service.asked == []
