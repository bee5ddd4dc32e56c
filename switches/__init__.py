"""A library for switches by SNMP: counters, and the one thing that is written, whether a port is up.

It knows hosts and credentials handed to it, and nothing of the portal. Everything is in the switch's own words:
*in* is what the switch received."""

from switches.agents import Agent
from switches.discovery import DiscoveredPort, Discovery
from switches.errors import (
    SwitchAnswerTooBig,
    SwitchBadAnswer,
    SwitchCredentialsRefused,
    SwitchError,
    SwitchPortMoved,
    SwitchPortUnmoved,
    SwitchUnreachable,
    SwitchWithoutPorts,
    SwitchWriteRefused,
)
from switches.looks import PortErrors
from switches.polling import PollAnswer, PollRequest, Reading, Wanted
from switches.port_control import PortControl, PortState, SnmpPortControl
from switches.rounds import discover_switches, poll_switches, read_port_errors

__all__ = [
    "Agent",
    "DiscoveredPort",
    "Discovery",
    "PollAnswer",
    "PollRequest",
    "PortControl",
    "PortErrors",
    "PortState",
    "Reading",
    "SnmpPortControl",
    "SwitchAnswerTooBig",
    "SwitchBadAnswer",
    "SwitchCredentialsRefused",
    "SwitchError",
    "SwitchPortMoved",
    "SwitchPortUnmoved",
    "SwitchUnreachable",
    "SwitchWithoutPorts",
    "SwitchWriteRefused",
    "Wanted",
    "discover_switches",
    "poll_switches",
    "read_port_errors",
]
