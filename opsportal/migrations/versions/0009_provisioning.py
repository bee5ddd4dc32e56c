"""More kinds of hardware jobs, and jobs that wait for the machine itself."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OLD_KINDS = "kind IN ('power_on', 'power_off', 'reboot')"
KINDS = (
    "kind IN ('power_on', 'power_off', 'reboot', 'shutdown', 'reinstall', 'rescue', 'memory_test', 'wipe', "
    "'boot_disk', 'block', 'unblock', 'identify', 'inspect', 'rotate_credentials', 'clean', 'burn_in')"
)
OLD_STATUSES = (
    "status IN ('queued', 'running', 'verifying', 'unknown', 'succeeded', 'failed', 'cancelled', 'expired')"
)
STATUSES = (
    "status IN ('queued', 'running', 'verifying', 'waiting', 'unknown', 'succeeded', 'failed', 'cancelled', "
    "'expired')"
)
OLD_ACTIVE = "status IN ('queued', 'running', 'verifying', 'unknown')"
ACTIVE = "status IN ('queued', 'running', 'verifying', 'waiting', 'unknown')"


def _allow(kinds: str, statuses: str, active: str) -> None:
    for name, condition in (("kind_known", kinds), ("status_known", statuses)):
        op.drop_constraint(op.f(f"ck_hardware_job_{name}"), "hardware_job", type_="check")
        op.create_check_constraint(op.f(f"ck_hardware_job_{name}"), "hardware_job", condition)
    op.drop_index("uq_hardware_job_active", table_name="hardware_job")
    op.create_index(
        "uq_hardware_job_active", "hardware_job", ["server_id"], unique=True, postgresql_where=sa.text(active)
    )


def upgrade() -> None:
    _allow(KINDS, STATUSES, ACTIVE)


def downgrade() -> None:
    # What the older portal does not know is kept as the nearest thing that it knows, and as ended.
    op.execute(
        "UPDATE hardware_job SET status = 'failed', outcome_code = 'not_carried_out', finished_at = now() "  # noqa: S608 (constants)
        f"WHERE status = 'waiting' OR ({OLD_ACTIVE} AND NOT ({OLD_KINDS}))"
    )
    op.execute(f"UPDATE hardware_job SET kind = 'reboot' WHERE NOT ({OLD_KINDS})")  # noqa: S608
    _allow(OLD_KINDS, OLD_STATUSES, OLD_ACTIVE)
