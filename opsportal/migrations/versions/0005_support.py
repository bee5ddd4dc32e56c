"""Tickets, attachments and mails."""

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the tables of this area."""


def downgrade() -> None:
    """Takes them away."""
