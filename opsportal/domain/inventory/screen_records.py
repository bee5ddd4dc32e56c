"""Where servers' screens are, as people write it down: an address inside the BMC network, and a password that stays here."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.db import Unit
from opsportal.domain.access import Actor, Permission, access_server_for
from opsportal.domain.accounts import elevation
from opsportal.domain.audit import trail
from opsportal.domain.consoles import screens, topics
from opsportal.domain.consoles.screens import ScreenEndpoint
from opsportal.domain.inventory import topics as inventory_topics
from opsportal.domain.inventory.bmc_records import checked_host
from opsportal.domain.inventory.refusals import ScreenPasswordNeeded
from opsportal.domain.vault import VaultError


@dataclass(frozen=True, slots=True)
class ScreenRecord:
    """What a person knows about a screen. Never prints the password."""

    host: str
    port: int
    password: str = field(default="", repr=False)
    """"": the one on record stays, as long as it goes to the address on record."""
    asks_password: bool = True


def find(unit: Unit, server_id: int) -> ScreenEndpoint | None:
    """What is on record; without a password when the key that sealed it is lost. The caller has authorised."""
    try:
        return screens.find_screen(unit, server_id)
    except VaultError:
        return ScreenEndpoint("", 0)


def correct(unit: Unit, actor: Actor, server_id: int, new: ScreenRecord) -> list[str]:
    """Keep where this server's screen is; returns what changed. Needs a raised session.

    Raises `AddressUnusable` for one outside BMC_NETWORKS, because our gateway would dial it.
    """
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.FLEET_MANAGE)
    elevation.require(unit, actor)
    unit.refresh(server, with_for_update={"key_share": True})
    before, host = find(unit, server_id), checked_host(new.host, new.port)
    password = new.password if new.asks_password else ""
    if new.asks_password and not password:
        if before is None or not before.password or (host, new.port) != (before.host, before.port):
            raise ScreenPasswordNeeded
        password = before.password
    after = ScreenEndpoint(host, new.port, password)
    names = ("host", "port", "password")
    changed = [name for name in names if before is None or getattr(before, name) != getattr(after, name)]
    if changed:
        put(unit, server_id, after, actor=actor, server_name=server.name)
    return changed


def remove(unit: Unit, actor: Actor, server_id: int) -> None:
    """Forget where the screen is; nothing happens when nobody knows."""
    server, _ = access_server_for(actor, unit, server_id, permission=Permission.FLEET_MANAGE)
    forget(unit, server_id, actor=actor, server_name=server.name)


def put(
    unit: Unit, server_id: int, endpoint: ScreenEndpoint, *, actor: Actor | None, server_name: str, by: str = ""
) -> None:  # fmt: skip
    """The same for who is authorised already. The address has been checked."""
    screens.put_screen(unit, server_id, endpoint)
    _said(unit, "console:screen_put", server_id, actor, server_name, by)


def forget(unit: Unit, server_id: int, *, actor: Actor | None, server_name: str, by: str = "") -> bool:
    """The same for who is authorised already. False when there was none."""
    if not screens.remove_screen(unit, server_id):
        return False
    _said(unit, "console:screen_remove", server_id, actor, server_name, by)
    return True


def _said(unit: Unit, tag: str, server_id: int, actor: Actor | None, name: str, by: str) -> None:
    trail.record(
        unit, tag, actor=actor, actor_name=by, object_kind="server", object_id=server_id, object_name=name
    )
    unit.changed(topics.console(server_id))
    inventory_topics.announce(unit, server_id)
