"""Switches, cables and screens are put on record by pages: what a switch has said when it was asked, a cable's interface."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "switch_check",
        sa.Column("switch_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("sys_name", sa.String(), nullable=False),
        sa.Column("ports", sa.Integer(), nullable=False),
        sa.Column("write", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["switch_id"], ["switch.id"], name=op.f("fk_switch_check_switch_id_switch")),
        sa.PrimaryKeyConstraint("switch_id", name=op.f("pk_switch_check")),
    )
    op.add_column("port_link", sa.Column("nic", sa.String(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    op.drop_column("port_link", "nic")
    op.drop_table("switch_check")
