"""Documents that ask for money."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import Invoice, InvoiceStatus

INVOICE = Machine(
    "invoice",
    Invoice,
    "status",
    {
        InvoiceStatus.DRAFT: State(
            "Being written; has no number.", "Issued by the transaction that wrote it."
        ),
        InvoiceStatus.ISSUED: State(
            "Numbered and frozen; waits for its money.",
            "Paid, or cancelled by a credit note; overdue by date.",
        ),
        InvoiceStatus.PAID: State("Paid in full. A refund is a credit note beside it.", is_final=True),
        InvoiceStatus.VOID: State("Cancelled by a credit note before it was paid.", is_final=True),
    },
    steps("draft issued paid", "issued void"),
)
