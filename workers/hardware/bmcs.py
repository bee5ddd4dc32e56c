"""From what is on record about a BMC to a connection that workers may use."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator

import bmc
from opsportal.db import unit_of_work
from opsportal.domain.hardware import refusals_of_bmcs
from opsportal.domain.vault import VaultError, unseal
from opsportal.models import Bmc
from opsportal.settings import settings


class OutsideBmcNetworks(bmc.BmcError):
    """The address is not in BMC_NETWORKS: credentials are never sent there."""

    code = "bmc_outside_networks"
    advice = "The address is outside the networks that workers may dial. Correct it, or BMC_NETWORKS."


class BmcMisconfigured(bmc.BmcError):
    """What is on record about a BMC can never work: no numeric address, an over-long name, a lost key."""

    code = "bmc_misconfigured"
    advice = "What is on record about this BMC cannot be used. Enter its address and credentials anew."


def endpoint(row: Bmc) -> bmc.Endpoint:
    """A BMC as the library wants it, if workers may dial it at all. Raises BmcError."""
    try:
        host = ipaddress.ip_address(row.host)
        if not any(host in network for network in settings().bmc_networks):
            raise OutsideBmcNetworks
        return bmc.Endpoint(
            host=row.host,
            port=row.port,
            username=row.username,
            password=unseal(row.password),
            cipher_suite=row.cipher_suite,
            driver=row.driver,
            fingerprint=row.certificate,
            ca_file=settings().bmc_ca,
        )
    except (ValueError, VaultError) as unusable:
        raise BmcMisconfigured from unusable


@contextlib.contextmanager
def connect_to(server_id: int) -> Iterator[bmc.PowerControl]:
    """A connection to a server's BMC for a `with` block. Raises BmcError.

    A BMC that has refused us is not dialled again for a while: what it said then is raised at once. The
    errors of the block itself are remembered for that.
    """
    with unit_of_work() as unit:
        row = unit.get(Bmc, server_id)
        held_back = refusals_of_bmcs.list_held_back(unit, [server_id])
    if row is None:
        raise BmcMisconfigured
    if server_id in held_back:
        raise bmc.ERRORS[held_back[server_id]]
    try:
        with bmc.connect(endpoint(row)) as control:
            yield control
    except (bmc.BmcCredentialsRefused, bmc.BmcUserUnknown) as refusal:
        with unit_of_work() as unit:
            mark = refusals_of_bmcs.credentials_mark(row)
            refusals_of_bmcs.note_refusal(unit, server_id, refusal.code, mark=mark)
        raise
