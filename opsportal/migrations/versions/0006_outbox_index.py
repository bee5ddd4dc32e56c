"""The clock looks for the wake-up calls of single jobs every few seconds."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_outbox_task_ref", "outbox", ["task", "ref"])


def downgrade() -> None:
    op.drop_index("ix_outbox_task_ref", table_name="outbox")
