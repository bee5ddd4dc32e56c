"""Every HTTP route: what is asked, and what comes at each stage of signing in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.doors.matrix.door import STAFF


@dataclass(frozen=True)
class Path:
    """An HTTP route: what is asked, and the answer at each stage of signing in."""

    route: str
    none: tuple[int, str]
    password: tuple[int, str]
    signed_in: tuple[int, str]
    body: dict[str, Any] | None = None
    staff: tuple[int, str] | None = None
    """The answer to signed-in staff, where it is another one."""
    technician: tuple[int, str] | None = None
    """The answer to a technician, where it is yet another one."""

    def expected(self, stage: str) -> tuple[int, str]:
        """The answer at a stage (`none`, `password`), or to a role that is signed in."""
        if stage in ("none", "password"):
            return self.none if stage == "none" else self.password
        if self.technician and stage == "technician":
            return self.technician
        return self.staff if self.staff and stage in STAFF else self.signed_in


_OUT = (401, "sign_in_required")
_CLOSED = (404, "")
_FINE = (200, "")
_CODE = {"code": "000000"}
_FORBIDDEN = (403, "forbidden")
_NO_GATEWAY = (400, "no_gateway")

ORDER = {
    "system": 1,
    "hostname": "web-02",
    "layout": "single",
    "disks": [],
    "ssh_keys": [],
    "time_zone": "UTC",
    "post_install": "",
    "confirmation": "",
}

SWITCH = {"name": "sw-01", "site": "Hall", "host": "127.0.0.1", "community": "x"}

PATHS = (
    Path("POST /inventory/arrivals", _OUT, _OUT, _FORBIDDEN, {}, (400, "bad_request")),
    Path(
        "POST /inventory/machines/{server_id:int}/bmc",
        *(_OUT, _OUT),
        _FORBIDDEN,
        {"host": "127.0.0.1", "port": "623", "username": "opsportal"},
        (404, "not_found"),
    ),
    Path(
        "POST /inventory/machines/{server_id:int}/screen",
        *(_OUT, _OUT),
        _FORBIDDEN,
        {"host": "127.0.0.1", "port": "5901", "asks": "nothing"},
        (404, "not_found"),
    ),
    Path("GET /inventory/find.json", _OUT, _OUT, _FORBIDDEN, staff=_FINE),
    Path("POST /switches", _OUT, _OUT, _FORBIDDEN, SWITCH, (400, "elevation_required")),
    Path("POST /switches/{switch_id:int}", _OUT, _OUT, _FORBIDDEN, SWITCH, (404, "not_found")),
    Path(
        "POST /switches/{switch_id:int}/write-access",
        *(_OUT, _OUT),
        _FORBIDDEN,
        {"community": "x"},
        (404, "not_found"),
    ),
    Path("POST /attachments", _OUT, _OUT, (400, "bad_request"), {}),
    Path("GET /attachments/{attachment_id:int}", _OUT, _OUT, (404, "not_found")),
    Path("DELETE /attachments/{attachment_id:int}", _OUT, _OUT, (404, "not_found")),
    Path(
        "GET /documents/invoices/{invoice_id:int}.pdf",
        *(_OUT, _OUT),
        (404, "not_found"),
        technician=_FORBIDDEN,
    ),
    Path("POST /webhooks/stripe", *((400, "forged"),) * 3),  # no session opens it: only a signature does
    # Machines have no session and need none: their own disk for anybody, the rest by the job's token.
    Path("GET /boot/ipxe/{mac}", _FINE, _FINE, _FINE),
    Path("GET /boot/i/{token}/{name}", *((404, "not_found"),) * 3),
    Path("POST /boot/i/{token}/report", *((400, "bad_request"),) * 3),
    Path(
        "POST /boot/network", *((400, "forged"),) * 3
    ),  # a DHCP server's signature opens it, and nothing else
    Path("POST /payments/cards/setup", _OUT, _OUT, _NO_GATEWAY, {}, _FORBIDDEN),
    Path("POST /payments/cards/done", _OUT, _OUT, (404, "not_found"), {"setup": "seti_0"}, _FORBIDDEN),
    Path("POST /payments/{payment_id}/action", _OUT, _OUT, _NO_GATEWAY, {}, _FORBIDDEN),
    Path("POST /payments/{payment_id}/continue", _OUT, _OUT, (404, "not_found"), {}, _FORBIDDEN),
    Path("POST /servers/{server_id:int}/reinstall", _OUT, _OUT, (404, "not_found"), ORDER),
    Path(
        "POST /servers/{server_id:int}/boot",
        *(_OUT, _OUT),
        (404, "not_found"),
        {"kind": "boot_disk", "confirmation": ""},
    ),
    Path(
        "POST /jobs/{job_id:int}/stop",
        *(_OUT, _OUT),
        (404, "not_found"),
        {"then": "power_off", "confirmation": ""},
    ),
    Path("GET /jobs/{job_id:int}/serial.json", _OUT, _OUT, (404, "not_found")),
    Path("GET /jobs/{job_id:int}/order.json", _OUT, _OUT, (404, "not_found")),
    Path("GET /servers/{server_id:int}/traffic.csv", _OUT, _OUT, (404, "not_found")),
    Path("GET /services/{service_id:int}/traffic-samples.csv", _OUT, _OUT, (404, "not_found")),
    Path("POST /servers/{server_id:int}/console", _OUT, _OUT, (400, "console_away"), {"kind": "serial"}),
    Path("POST /servers/bmc-access/ask", _OUT, _OUT, (404, "not_found"), {"server_id": 2**62}),
    *(
        Path(f"POST /servers/bmc-access/{what}", _OUT, _OUT, (404, "not_found"), {"access_id": 2**62})
        for what in ("show", "leave")
    ),
    Path(
        "POST /servers/bmc-access/settle",
        *(_OUT, _OUT),
        _FORBIDDEN,
        {"access_id": 2**62},
        (404, "not_found"),
    ),
    Path("SOCKET /consoles/socket", *((404, ""),) * 3),  # by HTTP; its attacks are in tests/consoles
    Path(
        "POST /auth/confirm-identity",
        *(_OUT, _OUT),
        (400, "second_factor_missing"),
        {"password": "wrong", "code": "000000"},
    ),
    Path("POST /servers/sign-ins/reveal", _OUT, _OUT, (404, "not_found"), {"sign_in_id": 1}),
    Path(
        "POST /servers/sign-ins/save",
        *(_OUT, _OUT),
        (404, "not_found"),
        {"server_id": 2**62, "label": "root", "username": "root", "secret": "x"},
    ),
    Path("POST /servers/sign-ins/remove", _OUT, _OUT, (404, "not_found"), {"sign_in_id": 1}),
    Path("GET /auth/state", _FINE, _FINE, _FINE),
    Path(
        "POST /faults", _FINE, _FINE, _FINE, {"error_id": "0123abcd", "path": "/", "message": "TypeError: x"}
    ),
    Path("GET /healthz", (503, ""), (503, ""), (503, "")),  # no worker runs here
    Path("GET /metrics", _FINE, _FINE, _FINE),  # to this machine
    Path("GET /ping", _CLOSED, _CLOSED, _CLOSED),
    Path("GET /_health", _CLOSED, _CLOSED, _CLOSED),
    Path("MOUNT /_event", _CLOSED, _CLOSED, _CLOSED),
    Path(
        "POST /auth/sign-in",
        *((401, "wrong_credentials"),) * 3,
        body={"email": "nobody@test.example", "password": "wrong"},
    ),
    Path("POST /auth/second-factor", _OUT, (401, "wrong_code"), _OUT, _CODE),
    Path("POST /auth/cancel", _OUT, _FINE, _OUT, {}),
    Path("POST /auth/sign-out", _OUT, _OUT, _FINE, {}),
    Path(
        "POST /auth/password",
        *(_OUT, _OUT),
        (400, "wrong_password"),
        {"current": "wrong", "new": "another long password"},
    ),
    Path(
        "POST /auth/mail-address",
        *(_OUT, _OUT),
        (400, "wrong_password"),
        {"address": "a@b.example", "password": "wrong"},
    ),
    Path("POST /auth/two-factor/start", _OUT, _OUT, _FINE, {}),
    Path("POST /auth/two-factor/enable", _OUT, _OUT, (400, "second_factor_not_started"), _CODE),
    Path("POST /auth/two-factor/recovery-codes", _OUT, _OUT, (401, "wrong_code"), _CODE),
    Path(
        "POST /auth/two-factor/disable",
        *(_OUT, _OUT),
        (400, "wrong_password"),
        {"password": "wrong", "code": "000000"},
    ),
)
