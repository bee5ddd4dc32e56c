"""What the child reports, as the library's own types. A report that does not fit is BmcProtocolError."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from bmc.boot import BootDevice, BootSetting
from bmc.errors import BmcProtocolError
from bmc.events import BmcEvent, EventAnswer, Severity
from bmc.inventory import BmcInventory, BmcPart
from bmc.sensors import Health, Partial, PowerDrawAnswer, SensorAnswer, SensorKind, SensorReading
from bmc.users import BmcUser, Privilege

P = ParamSpec("P")
T = TypeVar("T")


def _fitting(decode: Callable[P, T]) -> Callable[P, T]:
    @wraps(decode)
    def decoded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return decode(*args, **kwargs)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BmcProtocolError from error

    return decoded


def _partial(report: dict[str, Any]) -> Partial | None:
    return None if report["partial"] is None else Partial(report["partial"])


@_fitting
def boot_setting(report: Any) -> BootSetting:
    """From `read_boot`."""
    return BootSetting(BootDevice(report["device"]), report["is_once"], report["is_uefi"])


@_fitting
def sensor_answer(report: Any) -> SensorAnswer:
    """From `sensors`."""
    readings = (
        SensorReading(
            name=reading["name"],
            kind=SensorKind(reading["kind"]),
            value=reading["value"],
            unit=reading["unit"],
            health=Health(reading["health"]),
            states=tuple(reading["states"]),
            number=reading["number"],
        )
        for reading in report["readings"]
    )
    return SensorAnswer(tuple(readings), _partial(report))


@_fitting
def power_draw(report: Any) -> PowerDrawAnswer:
    """From `power_draw`."""
    return PowerDrawAnswer(**report)


@_fitting
def event_answer(report: Any) -> EventAnswer:
    """From `events`."""
    events = (
        BmcEvent(
            record_id=event["record_id"],
            at=None if event["at"] is None else dt.datetime.fromtimestamp(event["at"], dt.UTC),
            code=event["code"],
            kind=event["kind"],
            severity=Severity(event["severity"]),
            is_over=event["is_over"],
            sensor_number=event["sensor_number"],
            detail=event["detail"],
        )
        for event in report["events"]
    )
    return EventAnswer(tuple(events), report["total"], _partial(report))


@_fitting
def user(report: Any) -> BmcUser:
    """From `create_user`, and one of `list_users`."""
    known = {level.value for level in Privilege}
    level = report["privilege"]
    return BmcUser(
        user_id=report["user_id"],
        name=report["name"],
        privilege=Privilege(level) if level in known else Privilege.NONE,
        is_enabled=report["is_enabled"],
        is_fixed=report["is_fixed"],
    )


@_fitting
def inventory(report: Any) -> BmcInventory:
    """From `inventory`."""
    return BmcInventory(
        parts=tuple(BmcPart(**part) for part in report["parts"]),
        firmware=report["firmware"],
        manufacturer_id=report["manufacturer_id"],
        product_id=report["product_id"],
        partial=_partial(report),
    )
