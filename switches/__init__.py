"""A library for switches' counters by SNMP. It knows hosts and credentials handed to it, and nothing of the
portal. Everything is in the switch's own words: *in* is what the switch received."""

from switches.agents import Agent
from switches.discovery import DiscoveredPort, Discovery
from switches.errors import (
    SwitchAnswerTooBig,
    SwitchBadAnswer,
    SwitchCredentialsRefused,
    SwitchError,
    SwitchUnreachable,
    SwitchWithoutPorts,
)
from switches.polling import PollAnswer, PollRequest, Reading, Wanted
from switches.rounds import discover_switches, poll_switches

__all__ = [
    "Agent",
    "DiscoveredPort",
    "Discovery",
    "PollAnswer",
    "PollRequest",
    "Reading",
    "SwitchAnswerTooBig",
    "SwitchBadAnswer",
    "SwitchCredentialsRefused",
    "SwitchError",
    "SwitchUnreachable",
    "SwitchWithoutPorts",
    "Wanted",
    "discover_switches",
    "poll_switches",
]
