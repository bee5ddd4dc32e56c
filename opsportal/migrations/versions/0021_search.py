"""What the search finds by its beginning: models of parts, numbers of orders, names in reverse DNS; who is on a port."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_BEGINNINGS = {
    "ix_part_model_begins": ("part", "lower(model)", None),
    "ix_cleaning_order_begins": ("cleaning", "lower(order_ref)", "order_ref <> ''"),
    "ix_reverse_record_name_begins": ("reverse_record", "name", None),
}


def upgrade() -> None:
    for name, (table, what, where) in _BEGINNINGS.items():
        op.create_index(
            name,
            table,
            [sa.text(f"{what} text_pattern_ops")],
            postgresql_where=sa.text(where) if where else None,
        )
    now = sa.text("valid_until IS NULL")
    op.create_index("ix_port_link_port_now", "port_link", ["port_id"], postgresql_where=now)


def downgrade() -> None:
    op.drop_index("ix_port_link_port_now", table_name="port_link")
    for name, (table, _, _) in reversed(_BEGINNINGS.items()):
        op.drop_index(name, table_name=table)
