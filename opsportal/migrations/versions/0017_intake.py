"""Ordered hardware, searches for BMCs and what they found; a loaded run as part of a machine's burn-in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OLD_KINDS = (
    "'power_on', 'power_off', 'reboot', 'shutdown', 'reinstall', 'rescue', 'memory_test', 'wipe', 'boot_disk', "
    "'block', 'unblock', 'inspect', 'rotate_credentials', 'clean', 'burn_in'"
)
OLD_PURPOSES = "'install', 'rescue', 'memory_test', 'wipe'"
OLD_MILESTONES = (
    "'power_cycled', 'network_boot', 'kernel_fetched', 'installer_started', 'disk_prepared', 'system_written', "
    "'first_boot', 'answers'"
)
OLD_DIAGNOSES = (
    "'no_power', 'no_network_boot', 'no_kernel', 'kernel_silent', 'disk_not_ready', 'writing_stuck', "
    "'no_first_boot', 'not_answering'"
)
CHECKS = (
    ("hardware_job", "kind", "kind_known", OLD_KINDS, "'load_test'"),
    ("operating_system", "purpose", "purpose_known", OLD_PURPOSES, "'load_test'"),
    ("installation", "purpose", "purpose_known", OLD_PURPOSES, "'load_test'"),
    ("milestone", "name", "name_known", OLD_MILESTONES, "'load_passed'"),
    ("milestone", "diagnosis", "diagnosis_known", OLD_DIAGNOSES, "'load_stuck'"),
)


def _key() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), primary_key=True)


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def _moment(name: str, *, nullable: bool = True) -> sa.Column:
    default = None if nullable else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _json(name: str, default: str = "[]") -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default=default, nullable=False)


def _who(table: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        _text("actor_name"),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f(f"fk_{table}_actor_id")),
    ]


def _orders() -> None:
    op.create_table(
        "hardware_order", _key(), _text("ref"), _number("machines"), _json("lines"),
        _moment("entered_at", nullable=False), *_who("hardware_order"),
        sa.CheckConstraint(
            "machines BETWEEN 1 AND 1000", name=op.f("ck_hardware_order_machines_bounded")
        ),
    )  # fmt: skip
    op.create_index("uq_hardware_order_ref", "hardware_order", [sa.text("lower(ref)")], unique=True)


def _searches() -> None:
    op.create_table(
        "bmc_sweep", _key(), _text("asked_for"), _json("ipmi_ports"), _json("redfish_ports"), _number("doors"),
        _number("knocked"), _moment("asked_at", nullable=False), *_who("bmc_sweep"), _moment("seen_at"),
        _moment("finished_at"), _text("error_code"),
    )  # fmt: skip
    op.create_index(
        "uq_bmc_sweep_open", "bmc_sweep", [sa.text("(finished_at IS NULL)")], unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )  # fmt: skip
    op.create_table(
        "bmc_sighting", _key(), sa.Column("sweep_id", sa.BigInteger(), nullable=False), _text("host"),
        _number("port"), _text("kind"), _text("fingerprint"), _json("facts", "{}"), _moment("at", nullable=False),
        sa.CheckConstraint("kind IN ('ipmi', 'redfish')", name=op.f("ck_bmc_sighting_kind_known")),
        sa.ForeignKeyConstraint(["sweep_id"], ["bmc_sweep.id"], name=op.f("fk_bmc_sighting_sweep_id")),
        sa.UniqueConstraint("sweep_id", "host", "port", "kind", name="uq_bmc_sighting_place"),
    )  # fmt: skip


def _check(table: str, column: str, name: str, values: str) -> None:
    rule = f"{column} IN ({values})"
    rule = f"diagnosis IS NULL OR {rule}" if column == "diagnosis" else rule
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, rule)


def upgrade() -> None:
    _orders()
    _searches()
    op.add_column("cleaning", sa.Column("events_before", postgresql.JSONB(), nullable=True))
    op.add_column("bmc", _json("limits", "{}"))
    for table, column, name, old, new in CHECKS:
        _check(table, column, name, f"{old}, {new}")


def downgrade() -> None:
    """A loaded run stays on record as the memory test that it is closest to."""
    op.execute("UPDATE hardware_job SET kind = 'memory_test' WHERE kind = 'load_test'")
    op.execute("UPDATE installation SET purpose = 'memory_test' WHERE purpose = 'load_test'")
    op.execute(
        "UPDATE operating_system SET purpose = 'memory_test', is_offered = false WHERE purpose = 'load_test'"
    )
    op.execute("DELETE FROM milestone WHERE name = 'load_passed'")
    op.execute("UPDATE milestone SET diagnosis = NULL WHERE diagnosis = 'load_stuck'")
    for table, column, name, old, _ in CHECKS:
        _check(table, column, name, old)
    op.drop_column("bmc", "limits")
    op.drop_column("cleaning", "events_before")
    op.drop_table("bmc_sighting")
    op.drop_table("bmc_sweep")
    op.drop_table("hardware_order")
