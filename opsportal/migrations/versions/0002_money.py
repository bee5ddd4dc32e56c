"""Ledger, invoices, prices and taxes."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the tables of this area."""


def downgrade() -> None:
    """Takes them away."""
