"""What a client has."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import Service, ServiceStatus

SERVICE = Machine(
    "service",
    Service,
    "status",
    {
        ServiceStatus.PENDING: State("Ordered, not yet paid or not yet prepared.", "Paid, or cancelled."),
        ServiceStatus.PROVISIONING: State("Being prepared.", "Becomes active, or a person looks."),
        ServiceStatus.ACTIVE: State("Running and billable."),
        ServiceStatus.SUSPENDED: State("Paused for payment or policy.", "Settled, or terminated."),
        ServiceStatus.TERMINATED: State("Ended.", is_final=True),
        ServiceStatus.CANCELLED: State("Ended before it began.", is_final=True),
    },
    steps("pending provisioning active suspended active", "active terminated", "suspended terminated",
           "pending cancelled", "pending active"),
)  # fmt: skip
