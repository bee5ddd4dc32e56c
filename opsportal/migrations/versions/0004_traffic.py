"""Switches, ports and traffic samples."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Filled by the tables of this area."""


def downgrade() -> None:
    """Takes them away."""
