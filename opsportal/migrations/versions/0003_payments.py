"""Payments, saved cards and the webhook inbox."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the tables of this area."""


def downgrade() -> None:
    """Takes them away."""
