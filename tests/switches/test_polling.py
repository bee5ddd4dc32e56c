"""Reading counters from agents that others wrote, also from those that answer badly."""

from __future__ import annotations

import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import switches
from switches import Agent, PollAnswer, PollRequest, SwitchError, Wanted, discovery, oids, sessions
from tests.switches.scenarios import FORTY_EIGHT, PORTS
from tests.switches.simulated import Simulator

PATIENT = {"timeout_s": 10.0, "tries": 1}
"""Who answers does so within that on any machine."""
SILENT = {"timeout_s": 0.5, "tries": 1}
"""Where silence is the answer; it costs twice as much."""


def poll(
    agent: Agent, ports: dict[int, str] = PORTS, *, bits: int = 64, **how: float
) -> PollAnswer | SwitchError:
    wanted = [Wanted(index, index, bits) for index in ports]
    return switches.poll_switches({1: PollRequest(agent, wanted)}, **(PATIENT | how))[1]  # type: ignore[arg-type]


def discover(agent: Agent) -> switches.Discovery | SwitchError:
    return switches.discover_switches({1: agent}, **PATIENT)[1]  # type: ignore[arg-type]


def agent(simulator: Simulator, community: str) -> Agent:
    return Agent("127.0.0.1", simulator.port, community=community)


def test_discovery_finds_names_indexes_speeds_and_widths(simulator: Simulator) -> None:
    found = discover(agent(simulator, "plain"))
    assert isinstance(found, switches.Discovery)
    assert found.table_changed_cs == 100
    assert [(p.if_index, p.if_name, p.speed_mbps, p.counter_bits) for p in found.ports] == [
        (513, "ge-0/0/0", 1_000, 64),
        (516, "ge-0/0/1", 1_000, 64),
        (519, "ge-0/0/2", 1_000, 64),
    ]


def test_narrow_counters_only_where_there_are_no_wide_ones(simulator: Simulator) -> None:
    found = discover(agent(simulator, "narrow"))
    assert isinstance(found, switches.Discovery)
    assert [(p.if_name, p.speed_mbps, p.counter_bits) for p in found.ports] == [
        ("FastEthernet1", 100, 32),
        ("FastEthernet2", 100, 32),
    ]
    assert found.table_changed_cs is None
    answer = poll(agent(simulator, "narrow"), {1: "", 2: ""}, bits=32)
    assert isinstance(answer, PollAnswer)
    assert [(r.in_octets, r.out_octets, r.discontinuity_cs) for r in answer.readings] == [
        (4_294_967_290, 77, None)
    ] * 2


async def test_silence_about_wide_counters_is_no_reason_for_narrow_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A switch that stops answering at its 64-bit counters has them all the same, perhaps."""
    asked: list[str] = []

    class Talk:
        async def get(self, names: list[str]) -> dict[str, object]:
            return {}

        async def column(self, oid: str) -> dict[int, object]:
            asked.append(oid)
            if oid == oids.IF_HC_IN_OCTETS:
                raise switches.SwitchUnreachable
            return {513: b"ge-0/0/0"}

    @asynccontextmanager
    async def conversation(*_: object, **__: object) -> AsyncIterator[Talk]:
        yield Talk()

    monkeypatch.setattr(discovery, "conversation", conversation)
    with pytest.raises(switches.SwitchUnreachable):
        await discovery.discover(switches.Agent("192.0.2.1", community="x"))
    assert asked == [oids.IF_NAME, oids.IF_HC_IN_OCTETS]


def test_counters_clock_and_receive_time_come_together(simulator: Simulator) -> None:
    before = time.time_ns() // 1_000_000
    answer = poll(agent(simulator, "plain"))
    assert isinstance(answer, PollAnswer)
    first = answer.readings[0]
    assert (first.key, first.in_octets, first.out_octets) == (513, 10**13, 2 * 10**13)
    assert (first.discontinuity_cs, first.is_up, answer.missing, answer.table_changed_cs) == (
        0,
        True,
        [],
        100,
    )
    assert before <= first.at_ms <= time.time_ns() // 1_000_000
    assert 5_000_000 <= first.uptime_cs < 10_000_000


def test_forty_eight_ports_take_four_requests(simulator: Simulator) -> None:
    answer = poll(agent(simulator, "many"), FORTY_EIGHT)
    assert isinstance(answer, PollAnswer)
    assert [reading.key for reading in answer.readings] == list(FORTY_EIGHT)
    assert len({reading.at_ms for reading in answer.readings}) <= 4
    assert [r.in_octets for r in answer.readings] == [index * 1_000 for index in FORTY_EIGHT]


def test_a_missing_instance_is_named_and_the_others_are_read(simulator: Simulator) -> None:
    answer = poll(agent(simulator, "without_a_port"))
    assert isinstance(answer, PollAnswer)
    assert (answer.missing, [r.key for r in answer.readings]) == ([519], [513, 516])


def test_missing_columns_are_missing_ports(simulator: Simulator) -> None:
    answer = poll(agent(simulator, "without_columns"))
    assert isinstance(answer, PollAnswer)
    assert (answer.missing, answer.readings) == ([513, 516, 519], [])
    assert isinstance(discover(agent(simulator, "without_columns")), switches.SwitchWithoutPorts)


def test_optional_columns_may_be_missing(simulator: Simulator) -> None:
    answer = poll(agent(simulator, "without_discontinuity"))
    assert isinstance(answer, PollAnswer)
    assert (answer.readings[0].discontinuity_cs, answer.readings[0].in_octets) == (None, 10**13)
    assert answer.table_changed_cs is None


@pytest.mark.parametrize("community", ["text_counter", "empty_counter", "negative_counter", "text_uptime"])
def test_an_answer_of_wrong_types_is_refused_whole(simulator: Simulator, community: str) -> None:
    assert isinstance(poll(agent(simulator, community)), switches.SwitchBadAnswer)


@pytest.mark.parametrize(
    "community", ["number_name", "two_of_a_name", "evil_name", "long_name", "text_speed"]
)
def test_a_table_that_makes_no_sense_is_not_taken(simulator: Simulator, community: str) -> None:
    assert isinstance(discover(agent(simulator, community)), switches.SwitchBadAnswer)


def test_a_table_without_an_end_is_left_early(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MAX_ROWS", 48)
    assert isinstance(discover(agent(simulator, "many")), switches.Discovery)
    monkeypatch.setattr(sessions, "MAX_ROWS", 47)
    assert isinstance(discover(agent(simulator, "many")), switches.SwitchBadAnswer)


def test_a_switch_without_ports_says_so(simulator: Simulator) -> None:
    assert isinstance(discover(agent(simulator, "no_ports")), switches.SwitchWithoutPorts)


def test_too_big_down_to_a_single_port_is_an_error_of_its_own(simulator: Simulator) -> None:
    assert isinstance(poll(agent(simulator, "too_big")), switches.SwitchAnswerTooBig)


def test_an_error_on_one_instance_never_becomes_a_wrong_number(simulator: Simulator) -> None:
    answer = poll(agent(simulator, "general_error"))
    counted = {513: 10**13, 516: 516_000, 519: 519_000}
    assert isinstance(answer, SwitchError) or all(r.in_octets == counted[r.key] for r in answer.readings)


def test_the_highest_counter_is_a_number_too(simulator: Simulator) -> None:
    answer = poll(agent(simulator, "wide_gauge"))
    assert isinstance(answer, PollAnswer)
    assert answer.readings[1].in_octets == 2**64 - 1


def test_silence_is_unreachable_after_our_own_tries(simulator: Simulator) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        begun = time.monotonic()
        answer = poll(Agent("127.0.0.1", silent.getsockname()[1], community="x"), timeout_s=0.1, tries=3)
        lasted = time.monotonic() - begun
        silent.setblocking(False)
        asked = 0
        while True:
            try:
                silent.recv(2_000)
            except BlockingIOError:
                break
            asked += 1
    assert isinstance(answer, switches.SwitchUnreachable)
    assert asked == 4  # three tries, and one whether it is there at all
    assert 0.4 <= lasted < 30
    assert isinstance(poll(agent(simulator, "nobody"), **SILENT), switches.SwitchUnreachable)


def test_noise_instead_of_snmp_is_no_answer() -> None:
    """Whatever comes back that is not for us must neither be taken nor keep us for ever."""
    import threading

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as noisy:
        noisy.bind(("127.0.0.1", 0))
        noisy.settimeout(3)

        def chatter() -> None:
            try:
                _, where = noisy.recvfrom(2_000)
                for junk in (b"", b"\x30\x82\xff\xff", b"\x30\x03\x02\x01\x01", b"A" * 1_400):
                    noisy.sendto(junk, where)
            except OSError:
                return

        thread = threading.Thread(target=chatter)
        thread.start()
        answer = poll(Agent("127.0.0.1", noisy.getsockname()[1], community="x"), timeout_s=0.3)
        thread.join()
    assert isinstance(answer, switches.SwitchBadAnswer | switches.SwitchUnreachable)


def test_one_bad_switch_does_not_disturb_the_others(simulator: Simulator) -> None:
    wanted = [Wanted(index, index, 64) for index in PORTS]
    names = ["plain", "text_counter", "nobody", "without_a_port"]
    answers = switches.poll_switches(
        {n: PollRequest(agent(simulator, name), wanted) for n, name in enumerate(names)},
        timeout_s=3.0,
        tries=1,
    )
    kinds = [PollAnswer, switches.SwitchBadAnswer, switches.SwitchUnreachable, PollAnswer]
    assert [type(answers[n]) for n in range(4)] == kinds


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"port": 0},
        {"port": 65_536},
        {"community": ""},
        {"username": "u", "auth_protocol": "rot13", "auth_password": "long enough"},
        {"username": "u", "auth_protocol": "sha1", "auth_password": "short"},
        {"username": "u", "priv_protocol": "aes128", "priv_password": "long enough"},
    ],
)
def test_what_can_never_work_is_refused_before_anything_is_sent(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"SNMP|switch|protocol"):
        Agent(**({"host": "192.0.2.1", "community": "c"} | wrong))  # type: ignore[arg-type]


def test_an_agent_never_prints_its_secrets() -> None:
    shown = repr(
        Agent("192.0.2.1", username="u", auth_protocol="sha1", auth_password="hush-hush", community="quiet")
    )
    assert "hush" not in shown
    assert "quiet" not in shown


def test_errors_have_codes_and_advice() -> None:
    from switches.errors import ERRORS

    assert all(kind.code == code and kind.advice.endswith(".") for code, kind in ERRORS.items())
