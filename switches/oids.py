"""The columns that are read, by their names in RFC 1213, RFC 2863 and RFC 3418."""

from __future__ import annotations

SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
SYS_NAME = "1.3.6.1.2.1.1.5.0"
IF_TABLE_LAST_CHANGE = "1.3.6.1.2.1.31.1.5.0"

_IF = "1.3.6.1.2.1.2.2.1"
IF_DESCR = f"{_IF}.2"
IF_SPEED = f"{_IF}.5"
IF_ADMIN_STATUS = f"{_IF}.7"
IF_OPER_STATUS = f"{_IF}.8"
IF_IN_OCTETS = f"{_IF}.10"
IF_IN_ERRORS = f"{_IF}.14"
IF_OUT_OCTETS = f"{_IF}.16"
IF_OUT_ERRORS = f"{_IF}.20"

_IFX = "1.3.6.1.2.1.31.1.1.1"
IF_NAME = f"{_IFX}.1"
IF_HC_IN_OCTETS = f"{_IFX}.6"
IF_HC_OUT_OCTETS = f"{_IFX}.10"
IF_HIGH_SPEED = f"{_IFX}.15"
IF_COUNTER_DISCONTINUITY_TIME = f"{_IFX}.19"

COUNTERS = {64: (IF_HC_IN_OCTETS, IF_HC_OUT_OCTETS), 32: (IF_IN_OCTETS, IF_OUT_OCTETS)}
"""Octets in and out, as the switch counts them, by the width of the counter."""
