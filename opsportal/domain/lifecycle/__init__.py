"""Declared state machines: every status an object can have, and every step it may take.

The tables are data, one module per area of the domain; `move` is the only function that changes a status.
docs/state-machines.md is generated from them (`python -m opsportal.domain.lifecycle`).
"""

from __future__ import annotations

from opsportal.domain.lifecycle.accounts import LOGIN
from opsportal.domain.lifecycle.billing import INVOICE
from opsportal.domain.lifecycle.catalog import SERVICE
from opsportal.domain.lifecycle.consoles import BMC_ACCESS, CONSOLE_GRANT
from opsportal.domain.lifecycle.hardware import HARDWARE_JOB, PORT_ORDER
from opsportal.domain.lifecycle.inventory import STOCK
from opsportal.domain.lifecycle.machines import ImpossibleTransitionError, Machine, move
from opsportal.domain.lifecycle.mail import MAIL
from opsportal.domain.lifecycle.network import REVERSE
from opsportal.domain.lifecycle.payments import CARD_SETUP, GATEWAY_EVENT, PAYMENT, REFUND
from opsportal.domain.lifecycle.provisioning import INSTALLATION
from opsportal.domain.lifecycle.support import TICKET

MACHINES = (
    HARDWARE_JOB,
    INSTALLATION,
    SERVICE,
    STOCK,
    LOGIN,
    TICKET,
    MAIL,
    PAYMENT,
    REFUND,
    CARD_SETUP,
    GATEWAY_EVENT,
    CONSOLE_GRANT,
    BMC_ACCESS,
    INVOICE,
    REVERSE,
    PORT_ORDER,
)

__all__ = [
    "BMC_ACCESS",
    "CARD_SETUP",
    "CONSOLE_GRANT",
    "GATEWAY_EVENT",
    "HARDWARE_JOB",
    "INSTALLATION",
    "INVOICE",
    "LOGIN",
    "MACHINES",
    "MAIL",
    "PAYMENT",
    "PORT_ORDER",
    "REFUND",
    "REVERSE",
    "SERVICE",
    "STOCK",
    "TICKET",
    "ImpossibleTransitionError",
    "Machine",
    "move",
]
