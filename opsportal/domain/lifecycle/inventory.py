"""A server between two tenants."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import Server, StockStatus

STOCK = Machine(
    "stock",
    Server,
    "stock_status",
    {
        StockStatus.LEASED: State("A service has it.", "The service gives it back: quarantined."),
        StockStatus.QUARANTINED: State(
            "Nobody has it and nobody may get it: what is on it is not known.",
            "A person starts its cleaning.",
        ),
        StockStatus.CLEANING: State(
            "Evidence is gathered, step by step.", "All of it is good: verified; something is not: faulty."
        ),
        StockStatus.VERIFIED: State("Every step of its cleaning has good evidence.", "A person releases it."),
        StockStatus.AVAILABLE: State("In stock: a service can get it."),
        StockStatus.FAULTY: State(
            "Something failed; it leaves stock.", "A person takes it over, with a reason: quarantined."
        ),
    },
    steps(
        "quarantined cleaning verified available leased quarantined",
        "quarantined faulty quarantined",
        "cleaning faulty",
        "verified faulty",
        "available faulty",
        "cleaning quarantined",
        "verified quarantined",
        "available quarantined",
    ),
)
