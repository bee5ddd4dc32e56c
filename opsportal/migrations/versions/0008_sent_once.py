"""A draft that reaches the portal twice is written once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("ticket_message", "ticket_note")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("token", sa.String(), nullable=True))
        op.create_unique_constraint(op.f(f"uq_{table}_author_id_token"), table, ["author_id", "token"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_constraint(op.f(f"uq_{table}_author_id_token"), table, type_="unique")
        op.drop_column(table, "token")
