"""What the boot network's DHCP server has told: who has which address, and two more reasons for being late."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_OLD = (
    *("no_power", "no_network_boot", "no_kernel", "kernel_silent"),
    *("disk_not_ready", "writing_stuck", "no_first_boot", "not_answering"),
)
_NEW = (*_OLD[:1], "no_dhcp_request", "no_boot_script", *_OLD[1:])


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _know(codes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{code}'" for code in codes)
    op.drop_constraint(op.f("ck_milestone_diagnosis_known"), "milestone", type_="check")
    op.create_check_constraint(
        op.f("ck_milestone_diagnosis_known"), "milestone", f"diagnosis IS NULL OR diagnosis IN ({listed})"
    )


def upgrade() -> None:
    op.create_table(
        "boot_lease",
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("mac", sa.String(), nullable=False),
        _moment("told_at"),
        _moment("expires_at"),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_boot_lease")),
    )
    op.create_index("ix_boot_lease_mac", "boot_lease", ["mac"])
    _know(_NEW)


def downgrade() -> None:
    op.execute(
        "UPDATE milestone SET diagnosis = 'no_network_boot'"
        " WHERE diagnosis IN ('no_dhcp_request', 'no_boot_script')"
    )
    _know(_OLD)
    op.drop_index("ix_boot_lease_mac", table_name="boot_lease")
    op.drop_table("boot_lease")
