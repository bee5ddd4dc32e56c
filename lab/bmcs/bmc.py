"""One BMC: pyghmi's server, one socket of its own, a machine behind it, and faults."""

import asyncio
import socket
import struct
import time
import uuid
from collections.abc import Callable
from typing import Any

from pyghmi.ipmi.bmc import Bmc

from lab.bmcs import sensors, units, users
from lab.bmcs.answering import NotWhileOff
from lab.bmcs.faults import FaultKind
from lab.bmcs.logs import log
from lab.bmcs.machines import DEVICES, Machine
from lab.bmcs.records import BootOverride
from lab.bmcs.sessions import (
    NO_MATCHING_CIPHER_SUITE,
    SUITE_3,
    Address,
    LabSession,
    Sessions,
    open_refusal,
)
from lab.bmcs.sol import SolChannel

# Completion codes, IPMI 2.0, table 5-2 (and 24-2 for payloads).
OK, BUSY, INVALID_COMMAND, BAD_LENGTH, BAD_FIELD, NOT_NOW = 0x00, 0xC0, 0xC1, 0xC7, 0xCC, 0xD5
INSUFFICIENT_PRIVILEGE = 0xD4
PAYLOAD_ACTIVE, PAYLOAD_DISABLED = 0x80, 0x81
CHASSIS, APPLICATION = 0, 6
SYSTEM_GUID, SUITES = 0x37, 0x54
SUITE_RECORD = bytes([1, 0xC0, 3, 0x01, 0x41, 0x81])  # channel 1; table 22-19
FIRMWARE_RESTART_SECONDS = 2.0
COMPLAINT_SECONDS = 60.0
RESTORE_PREVIOUS = 0b01 << 5
FRAME_BYTES = 1024  # RMCP+ frames of commands and SOL are far below


class VirtualBmc(Bmc):  # type: ignore[misc]  # pyghmi is untyped
    """Answers RMCP+ on `wire` for `machine`.

    pyghmi's own transport is not used: it starts a thread that reads every socket of the process at every
    wake-up, keeps each client it ever saw, and loses wake-ups. Its protocol classes are: authentication,
    framing, encryption, command dispatch. Hence `__init__` does not call pyghmi's, which would bind a socket
    in that thread; it sets the same attributes.
    """

    def __init__(self, machine: Machine, wire: socket.socket, *, loop: asyncio.AbstractEventLoop) -> None:
        identity = machine.identity
        self.machine = machine
        self.sessions = Sessions()
        self.sessions.on_drop = self._session_gone
        self.dropped_packets = 0
        self.serversocket = wire
        self.port = identity.port
        self.uuid = uuid.UUID(identity.uuid)
        self.authdata = self
        self.kg = None
        # Get Channel Authentication Capabilities (IPMI 2.0, 22.13): completion code, channel 1, RMCP+ only.
        self.authcap = bytes([OK, 1, 0b10000000, 0b00000100, 0b00000010, 0, 0, 0, 0])
        self._loop = loop
        self._deaf_until = 0.0
        self._complained_at = -COMPLAINT_SECONDS
        self._channel: SolChannel | None = None
        loop.add_reader(wire, self._readable)

    def close(self) -> None:
        """Stop answering."""
        self._loop.remove_reader(self.serversocket)
        self._end_sol()
        self.serversocket.close()

    # -- packets

    def get(self, username: str) -> str | None:
        """The password of `username`, or None: pyghmi asks its `authdata` in this way."""
        password = users.password_of(self.machine.record.users, username)
        is_wrong = self.machine.record.fault.kind is FaultKind.REFUSES
        return f"{password[::-1][:19]}!" if password is not None and is_wrong else password

    def delayed(self, session: LabSession, action: Callable[[], None]) -> None:
        """Run `action` for `session`, late when the BMC is to be slow and the session still lives."""
        fault = self.machine.record.fault
        if fault.kind is not FaultKind.SLOW:
            action()
            return
        self._loop.call_later(fault.seconds, self._late, session, action)

    def _late(self, session: LabSession, action: Callable[[], None]) -> None:
        if self.sessions.find(session.number):
            action()

    def _readable(self) -> None:
        for _ in range(32):  # then let the other BMCs have their turn
            try:
                packet, address = self.serversocket.recvfrom(FRAME_BYTES, socket.MSG_DONTWAIT)
            except OSError:
                return
            if not self._is_deaf():
                self._take(packet, address)

    def _is_deaf(self) -> bool:
        record = self.machine.record
        is_silent = record.fault.kind is FaultKind.SILENT
        return is_silent or not record.is_plugged or time.monotonic() < self._deaf_until

    def _take(self, packet: bytes, address: Address) -> None:
        # Anybody can send anything to a UDP port, and pyghmi indexes into packets without checking lengths.
        try:
            self._route(packet, address)
        except Exception as error:
            self.dropped_packets += 1
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        """Say why a packet was dropped, but not once for each packet of a flood."""
        now = time.monotonic()
        if now - self._complained_at > COMPLAINT_SECONDS:
            self._complained_at = now
            reason = f"{type(error).__name__}: {error}"
            log("packet-dropped", level="warning", machine=self.machine.identity.name, reason=reason)

    def _route(self, packet: bytes, address: Address) -> None:
        if len(packet) < 20 or packet[:1] != b"\x06" or packet[2:4] != b"\xff\x07":
            self.dropped_packets += 1
            return
        kind = packet[5] & 0x3F
        if packet[4] == 6 and kind == 0x10:
            self._open_session(packet[16:], address)
        elif packet[4] == 6 and (packet[5] & 0x40 or kind in (0x12, 0x14)):
            number = packet[20:24] if kind in (0x12, 0x14) else packet[6:10]
            self._continue_session(struct.unpack("<I", number)[0], packet, address)
        elif packet[4] == 0 and packet[15] >> 2 == APPLICATION and packet[19] in (SYSTEM_GUID, SUITES):
            self._tell_stranger(packet[14:20], address)
        else:
            self.sessionless_data(packet, address)

    def _tell_stranger(self, request: bytes, address: Address) -> None:
        """Get System GUID (IPMI 2.0, 22.14) and Get Channel Cipher Suites (22.15: suite 3), asked without a session.

        pyghmi's server knows nothing of the first, and answers the second as if it came in the frame of IPMI 2.0.
        """
        ours, netfn_lun, _, theirs, sequence, command = request
        told = self.uuid.bytes_le if command == SYSTEM_GUID else SUITE_RECORD
        head = [theirs, (netfn_lun & 0b11) | (APPLICATION + 1) << 2]
        body = [ours, sequence, command, OK, *told]
        message = bytes([*head, -sum(head) & 0xFF, *body, -sum(body) & 0xFF])
        answer = b"\x06\x00\xff\x07" + bytes(9) + bytes([len(message)]) + message
        self.serversocket.sendto(answer, address)

    def _open_session(self, request: bytes, address: Address) -> None:
        """Open a session, unless the client proposes what pyghmi's server cannot do.

        pyghmi's server speaks only SHA1 and AES, but accepts a proposal of SHA256 and then answers it with
        SHA1: pyghmi's own client crashes on that RAKP 2 (struct.error). Told that no cipher suite matches,
        clients try again with SHA1.
        """
        if (request[12], request[20], request[28]) != SUITE_3:
            self.serversocket.sendto(open_refusal(request, NO_MATCHING_CIPHER_SUITE), address)
            return
        self.sessions.add(LabSession(self, address, request))

    def _continue_session(self, number: int, packet: bytes, address: Address) -> None:
        session = self.sessions.find(number)
        if session is None or session.sockaddr != address:
            self.dropped_packets += 1
            return
        was_established = session.is_established
        session.receive(packet)
        session.touched = time.monotonic()
        self.sessions.settle(session, was_established=was_established)

    # -- commands

    def handle_raw_request(self, request: dict[str, Any], session: LabSession) -> None:
        """Answer one command of `session`; each request gets exactly one answer."""
        netfn, command, data = request["netfn"], request["command"], bytes(request["data"])
        if netfn == CHASSIS and self.machine.record.fault.kind is FaultKind.BUSY:
            session.send_ipmi_response(code=BUSY)
            return
        try:
            code, answer = self._answer(netfn, command, data, session)
        except IndexError:
            code, answer = BAD_LENGTH, b""
        session.send_ipmi_response(data=answer, code=code)

    def _answer(self, netfn: int, command: int, data: bytes, session: LabSession) -> tuple[int, bytes]:
        if handler := _COMMANDS.get((netfn, command)):
            return handler(self, data, session)
        if about_machine := sensors.COMMANDS.get((netfn, command)) or units.COMMANDS.get((netfn, command)):
            return about_machine(self.machine, data)
        return INVALID_COMMAND, b""

    def _device_id(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Get Device ID (IPMI 2.0, 20.1): its firmware, IPMI 2.0, a chassis device; no maker's quirks."""
        major, _, minor = self.machine.identity.firmware.partition(".")
        return OK, bytes([0x20, 1, int(major), int(minor, 16), 0x02, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0])

    def _cold_reset(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Cold Reset: the firmware restarts, the machine does not notice."""
        log("firmware-restart", machine=self.machine.identity.name)
        self._loop.call_soon(self._restart_firmware)
        return OK, b""

    def _restart_firmware(self) -> None:
        self._deaf_until = time.monotonic() + FIRMWARE_RESTART_SECONDS
        for session in self.sessions:
            self.sessions.drop(session)

    def _system_guid(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        return OK, self.uuid.bytes_le

    def _chassis_status(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Get Chassis Status (IPMI 2.0, 28.2)."""
        machine = self.machine
        power = int(machine.is_on) | int(machine.record.has_power_fault) << 3 | RESTORE_PREVIOUS
        return OK, bytes([power, machine.record.last_event, 0, 0])

    def _chassis_control(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Chassis Control (IPMI 2.0, 28.3): 0 off, 1 on, 2 cycle, 3 reset, 4 diagnostic interrupt, 5 soft."""
        machine = self.machine
        wanted = data[0] & 0xF
        names = ("power-off", "power-on", "power-cycle", "reset", "diagnostic", "shutdown")
        if wanted >= len(names):
            return BAD_FIELD, b""
        fault = machine.record.fault.kind
        if fault is FaultKind.IGNORES or names[wanted] == "diagnostic":
            machine.refuse(f"{names[wanted]} ignored", by="bmc")
            return OK, b""
        actions = {
            0: machine.power_off,
            1: machine.power_on,
            2: machine.power_cycle,
            3: machine.reset,
            5: machine.shut_down,
        }
        try:
            actions[wanted](by="bmc")
        except NotWhileOff:
            return NOT_NOW, b""
        return OK, b""

    def _identify(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Chassis Identify (IPMI 2.0, 28.5): seconds, 15 where none are given."""
        self.machine.identify(data[0] if data else 15, by="bmc")
        return OK, b""

    def _set_boot_options(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Set System Boot Options (IPMI 2.0, 28.12). Only boot flags (5) mean something here."""
        parameter = data[0] & 0x7F
        if parameter in (0, 3, 4):  # progress and acknowledge bits: accepted, as most BMCs do
            return OK, b""
        if parameter != 5:
            return 0x80, b""
        device = data[2] >> 2 & 0xF
        if device not in DEVICES:
            return BAD_FIELD, b""
        override = BootOverride(device, bool(data[1] & 0x40), bool(data[1] & 0x20))
        self.machine.set_override(override if data[1] & 0x80 else BootOverride(), by="bmc")
        return OK, b""

    def _get_boot_options(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Get System Boot Options (IPMI 2.0, 28.13), boot flags with all bits as they were set."""
        if data[0] & 0x7F != 5:
            return 0x80, b""
        override = self.machine.record.override
        flags = int(override.device > 0) << 7 | int(override.is_persistent) << 6 | int(override.is_uefi) << 5
        return OK, bytes([1, 5, flags, override.device << 2, 0, 0, 0])

    # -- serial over LAN

    def _activate_payload(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Activate Payload (IPMI 2.0, 24.1): one viewer; the answer names our port and packet size."""
        if data[0] & 0x3F != 1:
            return PAYLOAD_DISABLED, b""
        if self._channel is not None:
            return PAYLOAD_ACTIVE, b""
        self._channel = SolChannel(session, self.machine, loop=self._loop, on_lost=self._end_sol)
        log("sol-attached", machine=self.machine.identity.name)
        return OK, struct.pack("<4xHHHH", 200, 200, self.port, 0xFFFF)

    def _deactivate_payload(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Deactivate Payload (24.2), from any session: a new viewer may take over a stale console."""
        if self._channel is None:
            return 0x80, b""
        self._end_sol()
        return OK, b""

    def _payload_status(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Get Payload Activation Status (IPMI 2.0, 24.4): one instance, active or not."""
        return OK, bytes([1, int(self._channel is not None), 0])

    def _payload_instance(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Get Payload Instance Info (24.5): who owns the console. pyghmi's client asks every 25 s."""
        owner = self._channel.session.number if self._channel else 0
        return OK, struct.pack("<I8x", owner)

    # -- users

    def _user_access(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        return users.get_access(self.machine.record.users, data)

    def _user_name(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        return users.get_name(self.machine.record.users, data)

    def _change_user(self, data: bytes, session: LabSession) -> tuple[int, bytes]:
        """Set User Access, Name and Password: by an administrator only."""
        if session.clientpriv < users.ADMINISTRATOR:
            return INSUFFICIENT_PRIVILEGE, b""
        change = {0x43: users.set_access, 0x45: users.set_name, 0x47: users.set_password}[
            session.clientcommand
        ]
        answer = change(self.machine.record.users, data)
        self.machine.users_changed(f"user {change.__name__}", by="bmc")
        return answer

    def _session_gone(self, session: LabSession) -> None:
        if self._channel is not None and self._channel.session is session:
            self._end_sol()

    def _end_sol(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
            log("sol-detached", machine=self.machine.identity.name)


_COMMANDS: dict[tuple[int, int], Callable[[VirtualBmc, bytes, LabSession], tuple[int, bytes]]] = {
    (APPLICATION, 0x01): VirtualBmc._device_id,
    (APPLICATION, 0x02): VirtualBmc._cold_reset,
    (APPLICATION, SYSTEM_GUID): VirtualBmc._system_guid,
    (APPLICATION, 0x43): VirtualBmc._change_user,
    (APPLICATION, 0x44): VirtualBmc._user_access,
    (APPLICATION, 0x45): VirtualBmc._change_user,
    (APPLICATION, 0x46): VirtualBmc._user_name,
    (APPLICATION, 0x47): VirtualBmc._change_user,
    (APPLICATION, 0x48): VirtualBmc._activate_payload,
    (APPLICATION, 0x49): VirtualBmc._deactivate_payload,
    (APPLICATION, 0x4A): VirtualBmc._payload_status,
    (APPLICATION, 0x4B): VirtualBmc._payload_instance,
    (CHASSIS, 0x01): VirtualBmc._chassis_status,
    (CHASSIS, 0x02): VirtualBmc._chassis_control,
    (CHASSIS, 0x04): VirtualBmc._identify,
    (CHASSIS, 0x08): VirtualBmc._set_boot_options,
    (CHASSIS, 0x09): VirtualBmc._get_boot_options,
}
