"""What else a driver can do besides power. Callers ask for a capability and never for a driver."""

from __future__ import annotations

from typing import TypeVar

from bmc.errors import BmcUnsupported

C = TypeVar("C")


def capability(control: object, kind: type[C]) -> C:
    """`control` as one that offers `kind` (a protocol of this library). Raises BmcUnsupported.

    That a driver has a capability says nothing of the BMC behind it: every call may still raise
    BmcUnsupported when the machine says that it does not know the command.
    """
    if not isinstance(control, kind):
        raise BmcUnsupported
    return control
