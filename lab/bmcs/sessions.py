"""RMCP+ sessions of one BMC: opened, counted, bounded and expired. Framing and crypto are pyghmi's."""

import struct
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pyghmi.ipmi.private.constants import payload_types
from pyghmi.ipmi.private.serversession import ServerSession
from pyghmi.ipmi.private.session import Session

if TYPE_CHECKING:
    from lab.bmcs.bmc import VirtualBmc

Address = tuple[str, int]

MOST_SESSIONS = 64
IDLE_SECONDS = 60.0  # IPMI 2.0, 6.12.15: an idle session ends after 60 s
HANDSHAKE_SECONDS = 3.0

# RMCP+ status codes, IPMI 2.0, table 13-15.
UNAUTHORIZED_NAME, BAD_INTEGRITY_CHECK, NO_MATCHING_CIPHER_SUITE = 0x0D, 0x0F, 0x11
# RAKP-HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128: tables 13-17 to 13-19.
SUITE_3 = (1, 1, 1)
GET_PRIVILEGE, USER_PRIVILEGE = 0, 2


class LabSession(ServerSession):  # type: ignore[misc]  # pyghmi is untyped
    """One session as pyghmi's server keeps it, made answerable for its own end.

    pyghmi's server session is never removed and says nothing when a login fails. A real BMC answers an
    unknown user in RAKP 2 and a wrong proof in RAKP 4, forgets sessions that idle, and can be asked to close
    one: this class does so. It is found by its session id, not by the client's address.
    """

    # pyghmi looks at these before a packet has set them.
    k1: bytes | None = None
    sol_handler: Callable[[bytearray], None] | None = None
    last_payload_type: int | None = None
    seqlun: int = 0
    rqlun: int | None = 0
    clientaddr: int = 0
    clientnetfn: int = 0
    clientcommand: int = 0
    clientpriv = USER_PRIVILEGE

    def __init__(self, bmc: "VirtualBmc", address: Address, open_request: bytes) -> None:
        self.touched = time.monotonic()
        self.is_established = False
        self.is_refused = False
        self._question: tuple[int, ...] | None = None
        self._answering: tuple[int, ...] | None = None
        self._answer: tuple[int, bytes] | None = None
        super().__init__(bmc.authdata, bmc.kg, address, bmc.serversocket, open_request, bmc.uuid, bmc)
        # The table of the BMC finds sessions; pyghmi's global one would keep them for ever.
        Session.bmc_handlers.pop(address, None)

    def __new__(cls, bmc: "VirtualBmc", address: Address, open_request: bytes) -> "LabSession":
        return object.__new__(cls)

    @property
    def number(self) -> int:
        """The managed system's session id, as packets carry it."""
        return int(struct.unpack("<I", self.managedsessionid)[0])

    def receive(self, packet: bytes) -> None:
        """Take one packet of this session. Whatever is wrong with it raises; the BMC counts and drops it."""
        self._handle_ipmi_packet(bytearray(packet), sockaddr=self.sockaddr)

    def _got_rakp1(self, data: bytearray) -> None:
        if self.is_established:
            return  # a late duplicate must not change the keys of a running session
        name = bytes(data[28 : 28 + data[27]])
        if self.bmc.authdata.get(name.decode("utf-8", "replace")) is None:
            status = bytearray([data[0], UNAUTHORIZED_NAME, 0, 0]) + self.clientsessionid
            self.send_payload(status, payload_types["rakp2"], retry=False)
            self.is_refused = True
            return
        super()._got_rakp1(data)

    def _got_rakp3(self, data: bytearray) -> None:
        if data[1] != 0:  # the client found our RAKP 2 wrong: it has another password
            self.is_refused = True
            return
        super()._got_rakp3(data)
        if not self.is_established:
            status = bytearray([data[0], BAD_INTEGRITY_CHECK, 0, 0]) + self.clientsessionid
            self.send_payload(status, payload_types["rakp4"], retry=False)
            self.is_refused = True

    def _send_rakp4(self, tagvalue: int, statuscode: int) -> None:
        self.integrityalgo = self.confalgo = 0  # a repeated RAKP 4 is still sent in the clear
        self.sessionid = self.sequencenumber = 0
        super()._send_rakp4(tagvalue, statuscode)
        self.is_established = True

    def handle_client_request(self, request: dict[str, Any]) -> None:
        """Run a command once: a client that repeats its question gets the first answer again."""
        question = (*self._header(), *request["data"])
        if question == self._question:
            if self._answer is not None:
                code, data = self._answer
                super().send_ipmi_response(data=data, code=code)
            return
        self._question, self._answer = question, None
        self.bmc.delayed(self, lambda: self._run(request, question))

    def _header(self) -> tuple[int, ...]:
        return self.seqlun, self.rqlun or 0, self.clientaddr, self.clientnetfn, self.clientcommand

    def _run(self, request: dict[str, Any], question: tuple[int, ...]) -> None:
        # pyghmi answers whatever came last. After a delay that may be another question: restore ours.
        latest = self._header()
        self.seqlun, self.rqlun, self.clientaddr, self.clientnetfn, self.clientcommand = question[:5]
        self._answering = question
        try:
            if (request["netfn"], request["command"]) == (6, 0x3B):
                self._set_privilege(request["data"][0])
            else:
                super().handle_client_request(request)
        finally:
            self.seqlun, self.rqlun, self.clientaddr, self.clientnetfn, self.clientcommand = latest

    def _set_privilege(self, wanted: int) -> None:
        """Set Session Privilege Level (IPMI 2.0, 22.18); 0 only asks for the present one."""
        if wanted != GET_PRIVILEGE:
            if wanted > (self.maxpriv or 4):
                self.send_ipmi_response(code=0x81)
                return
            self.clientpriv = wanted
        self.send_ipmi_response(data=bytes([self.clientpriv]))

    def send_ipmi_response(self, data: Any = b"", code: int = 0) -> None:
        """Answer the command at hand and remember the answer for a repeated question."""
        if self._answering == self._question:
            self._answer = (code, bytes(data))
        super().send_ipmi_response(data=data, code=code)

    def close_server_session(self) -> None:
        """The client said goodbye (Close Session)."""
        self.bmc.sessions.drop(self)


class Sessions:
    """The session table of one BMC: at most MOST_SESSIONS, none older than its idle time."""

    def __init__(self) -> None:
        self._by_number: dict[int, LabSession] = {}
        self.logins = 0
        self.refused = 0
        self.on_drop: Callable[[LabSession], None] = lambda session: None

    def __len__(self) -> int:
        return len(self._by_number)

    def __iter__(self) -> Iterator[LabSession]:
        return iter(list(self._by_number.values()))

    def add(self, session: LabSession) -> None:
        """Take `session` in. In a full table the one idle longest makes room, unfinished logins first."""
        self.expire()
        if len(self._by_number) >= MOST_SESSIONS:
            self.drop(min(self, key=lambda held: (held.is_established, held.touched)))
        self._by_number[session.number] = session

    def find(self, number: int) -> LabSession | None:
        """The session with that id, or None."""
        return self._by_number.get(number)

    def settle(self, session: LabSession, *, was_established: bool) -> None:
        """Count what the last packet did to `session` and forget it if its login failed."""
        if session.is_established and not was_established:
            self.logins += 1
        elif session.is_refused:
            self.drop(session)

    def expire(self) -> None:
        """Forget sessions that idled too long."""
        now = time.monotonic()
        for session in self:
            limit = IDLE_SECONDS if session.is_established else HANDSHAKE_SECONDS
            if now - session.touched > limit:
                self.drop(session)

    def drop(self, session: LabSession) -> None:
        """Forget `session`. A login that got our proof and never gave its own counts as refused:

        a client that knows another password finds that out by RAKP 2 and may just go away.
        """
        if self._by_number.pop(session.number, None) is None:
            return
        if session.is_refused or (not session.is_established and hasattr(session, "Rc")):
            self.refused += 1
        self.on_drop(session)
        session.ipmicallback = None  # it refers back: without the cycle the memory is free at once


def open_refusal(request: bytes, status: int) -> bytes:
    """An RMCP+ Open Session Response that says no (IPMI 2.0, table 13-10)."""
    payload = bytes([request[0], status, 0, 0]) + request[4:8]
    return b"\x06\x00\xff\x07\x06\x11" + bytes(8) + struct.pack("<H", len(payload)) + payload
