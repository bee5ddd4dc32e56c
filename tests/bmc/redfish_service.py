"""A Redfish service of ours, written from DSP0266 and DSP0268: what sushy-emulator lacks, and what means no good.

    with RedfishService(directory) as service:
        service.resources["/redfish/v1/Systems/1"]["PowerState"] = "Off"
        service.answers["GET", "/redfish/v1/Systems"] = lambda request: Reply(500)
        ... service.endpoint ...
        assert service.asked == [...]

It has accounts, log services and a sensor per resource, sessions and an etag.
"""

from __future__ import annotations

import base64
import copy
import json
import ssl
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import bmc
from bmc import PowerState
from tests.bmc.redfish_sim import HOST, make_certificate

V1 = "/redfish/v1"
SYSTEM, MANAGER, CHASSIS = f"{V1}/Systems/1", f"{V1}/Managers/1", f"{V1}/Chassis/1"
ACCOUNTS, SESSIONS = f"{V1}/AccountService/Accounts", f"{V1}/SessionService/Sessions"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"


@dataclass(frozen=True)
class Reply:
    """What goes back: a status, a body (JSON, or bytes in any size of pieces) and headers."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    pieces: Iterable[bytes] | None = None


@dataclass(frozen=True)
class Asked:
    """One request that arrived."""

    method: str
    path: str
    body: Any


Answer = Callable[[Asked], Reply]


def reference(path: str) -> dict[str, str]:
    return {"@odata.id": path}


def collection(*paths: str) -> dict[str, Any]:
    return {"Members@odata.count": len(paths), "Members": [reference(path) for path in paths]}


def _resources() -> dict[str, dict[str, Any]]:
    return {
        f"{V1}/": {
            "RedfishVersion": "1.6.0",
            "Systems": reference(f"{V1}/Systems"),
            "Managers": reference(f"{V1}/Managers"),
            "SessionService": reference(f"{V1}/SessionService"),
            "AccountService": reference(f"{V1}/AccountService"),
        },
        f"{V1}/Systems": collection(SYSTEM),
        SYSTEM: {
            "Name": "System",
            "Manufacturer": "ACME",
            "Model": "R720",
            "SerialNumber": "SN-42",
            "BiosVersion": "2.1",
            "PowerState": "On",
            "@odata.etag": 'W/"7"',
            "LocationIndicatorActive": False,
            "Boot": {"BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideMode": "Legacy"},
            "Links": {"Chassis": [reference(CHASSIS)], "ManagedBy": [reference(MANAGER)]},
            "LogServices": reference(f"{SYSTEM}/LogServices"),
            "Actions": {
                "#ComputerSystem.Reset": {
                    "target": RESET,
                    "ResetType@Redfish.AllowableValues": ["ForceOn", "ForceOff", "GracefulShutdown"],
                }
            },
        },
        f"{V1}/Managers": collection(MANAGER),
        MANAGER: {"Name": "BMC", "FirmwareVersion": "9.08"},
        CHASSIS: {
            "Name": "Chassis",
            "Sensors": reference(f"{CHASSIS}/Sensors"),
            "EnvironmentMetrics": reference(f"{CHASSIS}/EnvironmentMetrics"),
        },
        f"{V1}/AccountService": {"Accounts": reference(ACCOUNTS)},
        **_readings(),
        **_event_log(),
    }


def _readings() -> dict[str, dict[str, Any]]:
    return {
        f"{CHASSIS}/EnvironmentMetrics": {"PowerWatts": {"Reading": 212.4}},
        f"{CHASSIS}/Sensors": collection(f"{CHASSIS}/Sensors/1", f"{CHASSIS}/Sensors/2"),
        f"{CHASSIS}/Sensors/1": {
            "Name": "CPU 1",
            "ReadingType": "Temperature",
            "ReadingUnits": "Cel",
            "Reading": 82,
            "Status": {"Health": "Warning"},
        },
        f"{CHASSIS}/Sensors/2": {
            "Name": "Fan 1",
            "ReadingType": "Rotational",
            "ReadingUnits": "RPM",
            "Reading": None,
            "Status": {"Health": "OK"},
        },
    }


def _event_log() -> dict[str, dict[str, Any]]:
    log = f"{SYSTEM}/LogServices/SEL"
    return {
        f"{SYSTEM}/LogServices": collection(log),
        log: {"Entries": reference(f"{log}/Entries")},
        f"{log}/Entries": {
            "Members@odata.count": 2,
            "Members": [
                {
                    "@odata.id": f"{log}/Entries/1",
                    "Id": "1",
                    "Created": "2026-01-02T03:04:05Z",
                    "Severity": "Critical",
                    "Message": "Uncorrectable memory error",
                    "SensorType": "Memory",
                },
                {
                    "@odata.id": f"{log}/Entries/2",
                    "Id": "2",
                    "Created": "2026-01-02T03:05:05Z",
                    "Severity": "OK",
                    "Message": "Fan restored",
                    "SensorType": "Fan",
                    "EntryCode": "Deassert",
                },
            ],
        },
    }


class RedfishService:
    """One service on an own port, with a certificate of its own. `has_slots`: accounts are a fixed number."""

    def __init__(self, directory: Path, *, has_slots: bool = False) -> None:
        self.resources = _resources()
        self.answers: dict[tuple[str, str], Answer] = {}
        self.asked: list[Asked] = []
        self.passwords = {"admin": "s3cret"}
        self.roles = {"admin": "Administrator"}
        self.has_slots = has_slots
        self.slots = ["admin", "", ""] if has_slots else ["admin"]
        self.open_sessions: set[str] = set()
        certificate = make_certificate(directory)
        self.certificate = certificate
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.endpoint = bmc.Endpoint(
            HOST,
            self._server.server_address[1],
            username="admin",
            password="s3cret",
            driver="redfish",
            fingerprint=certificate.fingerprint,
        )

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def power(self) -> PowerState:
        """The machine's power as it really is."""
        return PowerState(self.resources[SYSTEM]["PowerState"].lower())

    def changes(self) -> list[Asked]:
        """The requests that would change something, besides those about sessions."""
        return [one for one in self.asked if one.method != "GET" and not one.path.startswith(SESSIONS)]

    def reply(self, asked: Asked, headers: Any) -> Reply:
        """What a good service answers, unless `answers` says otherwise."""
        self.asked.append(asked)
        answer = self.answers.get((asked.method, asked.path)) or self.answers.get(("*", "*"))
        if answer is not None:
            return answer(asked)
        if asked.path == SESSIONS and asked.method == "POST":
            return self._open_session(asked.body)
        if asked.path != f"{V1}/" and not self._is_allowed(headers):
            return Reply(401, {"error": {"code": "Base.1.0.AccessDenied"}})
        if asked.path.startswith(SESSIONS) and asked.method == "DELETE":
            self.open_sessions.discard(asked.path.rpartition("/")[2])
            return Reply(204)
        if asked.path.startswith(ACCOUNTS):
            return self._accounts(asked)
        return self._resource(asked)

    def _is_allowed(self, headers: Any) -> bool:
        if headers.get("X-Auth-Token") in self.open_sessions:
            return True
        kind, _, value = (headers.get("Authorization") or "").partition(" ")
        name, _, password = base64.b64decode(value).decode().partition(":")
        return kind == "Basic" and bool(password) and self.passwords.get(name) == password

    def _open_session(self, body: dict[str, str]) -> Reply:
        if self.passwords.get(body["UserName"]) != body["Password"]:
            return Reply(401)
        token = f"t{len(self.asked)}"
        self.open_sessions.add(token)
        return Reply(201, {}, {"X-Auth-Token": token, "Location": f"{SESSIONS}/{token}"})

    def _resource(self, asked: Asked) -> Reply:
        if asked.path == RESET and asked.method == "POST":
            self.resources[SYSTEM]["PowerState"] = "On" if "On" in asked.body["ResetType"] else "Off"
            return Reply(204)
        resource = self.resources.get(asked.path)
        if resource is None:
            return Reply(404)
        if asked.method == "PATCH":
            for key, value in asked.body.items():
                resource[key] = resource[key] | value if isinstance(value, dict) else value
            return Reply(204)
        return Reply(200, copy.deepcopy(resource)) if asked.method == "GET" else Reply(405)

    def _accounts(self, asked: Asked) -> Reply:
        number = asked.path.removeprefix(ACCOUNTS).strip("/")
        if not number:
            if asked.method == "POST" and not self.has_slots:
                self._set_user(len(self.slots), asked.body, is_new=True)
                return Reply(201, {})
            if asked.method == "POST":
                return Reply(405)
            return Reply(
                200,
                collection(*(f"{ACCOUNTS}/{n}" for n, name in enumerate(self.slots, 1) if name is not None)),
            )
        slot = int(number) - 1
        name = self.slots[slot]
        if asked.method == "PATCH":
            self._set_user(slot, asked.body)
            return Reply(204)
        if asked.method == "DELETE":
            if self.has_slots:
                return Reply(405)
            self.passwords.pop(name)
            self.slots[slot] = None  # type: ignore[call-overload]
            return Reply(204)
        account = {
            "Id": number,
            "UserName": name,
            "RoleId": self.roles.get(name, "None"),
            "Enabled": bool(name),
        }
        return Reply(200, account | reference(asked.path))

    def _set_user(self, slot: int, body: dict[str, Any], *, is_new: bool = False) -> None:
        if is_new:
            self.slots.append("")
        old = self.slots[slot]
        name = body.get("UserName", old)
        password = body.get("Password", self.passwords.get(old))
        self.passwords.pop(old, None)
        self.slots[slot] = name
        if name:
            self.passwords[name] = password
            self.roles[name] = body.get("RoleId", self.roles.get(name, "ReadOnly"))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                reply = service.reply(Asked(self.command, self.path, body), self.headers)
                self._send(reply)

            def _send(self, reply: Reply) -> None:
                body = reply.body
                if body is not None and not isinstance(body, bytes):
                    body = json.dumps(body).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.pieces is None and "Content-Length" not in reply.headers:
                    self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")
                for piece in reply.pieces or ():
                    self.wfile.write(piece)
                    self.wfile.flush()
                self.close_connection = self.close_connection or reply.pieces is not None

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:  # the client went away, or does not believe the certificate
                    self.close_connection = True

            def finish(self) -> None:
                try:
                    super().finish()
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                return None

            do_GET = do_POST = do_PATCH = do_DELETE = _serve

        return Handler
