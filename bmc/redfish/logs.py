"""The event log. Child processes only. Nothing is ever cleared."""

from __future__ import annotations

from typing import Any

from bmc.redfish.commands import Bmc, Resource, as_list, link, part
from bmc.redfish.failures import Failure

_MAX_SERVICES = 8
_MAX_READ = 1024
"""Entries looked at for the newest ones: a log in no order, or without an end, is not read for ever."""
_SEVERITIES = {"OK": "info", "Warning": "warning", "Critical": "critical"}


def read_events(bmc: Bmc, *, limit: int) -> dict[str, Any]:
    """The newest `limit` entries of the machine's and the BMC's logs, newest first."""
    entries: list[dict[str, Any]] = []
    total, partial = 0, None
    try:
        for service in _services(bmc):
            url = link(bmc.read(service).get("Entries"))
            if not url:
                continue
            count = bmc.read(url).get("Members@odata.count")
            total += count if isinstance(count, int) and 0 <= count < 10**6 else 0
            entries.extend(map(_event, bmc.members(url, limit=_MAX_READ - len(entries))))
    except Failure as failure:
        if not entries:
            raise
        partial = "out_of_time" if failure.code == "bmc_deadline_exceeded" else "unreadable"
    entries.sort(key=lambda entry: (entry["created"], entry["id"]), reverse=True)
    if partial is None and len(entries) >= _MAX_READ:
        partial = "too_many"
    return {"events": entries[:limit], "total": max(total, len(entries)), "partial": partial}


def _services(bmc: Bmc) -> list[Any]:
    """Links of the log services: those of the machine first, which hold what IPMI calls the SEL."""
    owners = [bmc.system()]
    managers = as_list(part(owners[0], "Links", "ManagedBy"))[:2]
    owners += [bmc.read(link(manager)) for manager in managers]
    found: list[Any] = []
    for owner in owners:
        collection = link(owner.get("LogServices"))
        if collection:
            found += [link(one) for one in as_list(bmc.read(collection).get("Members"))]
    if not found:
        raise Failure("bmc_unsupported")
    return list(dict.fromkeys(found))[:_MAX_SERVICES]


def _event(entry: Resource) -> dict[str, Any]:
    identity = str(entry.get("Id", ""))
    return {
        "id": int(identity) if identity.isascii() and identity.isdigit() and len(identity) < 10 else 0,
        "created": _text(entry.get("Created")),
        "severity": _SEVERITIES.get(str(entry.get("Severity")), "info"),
        "message_id": _text(entry.get("MessageId")),
        "message": _text(entry.get("Message")),
        "sensor_type": _text(entry.get("SensorType")),
        "entry_code": _text(entry.get("EntryCode")),
    }


def _text(value: object) -> str:
    return value[:512] if isinstance(value, str) else ""
