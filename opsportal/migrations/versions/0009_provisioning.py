"""More kinds of hardware jobs, jobs that wait for the machine itself, systems and installations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OLD_KINDS = "kind IN ('power_on', 'power_off', 'reboot')"
KINDS = (
    "kind IN ('power_on', 'power_off', 'reboot', 'shutdown', 'reinstall', 'rescue', 'memory_test', 'wipe', "
    "'boot_disk', 'block', 'unblock', 'inspect', 'rotate_credentials', 'clean', 'burn_in')"
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


def _list(name: str) -> sa.Column[list[str]]:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False)


def _moment(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def _made_at(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


PURPOSES = "purpose IN ('install', 'rescue', 'memory_test', 'wipe')"


def _create_systems() -> None:
    op.create_table(
        "operating_system",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("installer", sa.String(), nullable=False),
        sa.Column("kernel", sa.String(), nullable=False),
        sa.Column("kernel_sha256", sa.String(), nullable=False),
        sa.Column("initrd", sa.String(), nullable=False),
        sa.Column("initrd_sha256", sa.String(), nullable=False),
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("image_sha256", sa.String(), nullable=False),
        sa.Column("kernel_arguments", sa.String(), nullable=False),
        sa.Column("min_memory_gb", sa.Integer(), nullable=False),
        sa.Column("min_disk_gb", sa.Integer(), nullable=False),
        _list("models"),
        sa.Column("answers_port", sa.Integer(), nullable=True),
        sa.Column("is_offered", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint(PURPOSES, name=op.f("ck_operating_system_purpose_known")),
        sa.CheckConstraint(
            "installer IN ('preseed', 'autoinstall', 'kickstart', 'raw', 'none')",
            name=op.f("ck_operating_system_installer_known"),
        ),
        sa.CheckConstraint(
            "answers_port BETWEEN 1 AND 65535", name=op.f("ck_operating_system_answers_port_range")
        ),
        sa.CheckConstraint(
            "min_memory_gb >= 0 AND min_disk_gb >= 0", name=op.f("ck_operating_system_minimum_not_negative")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operating_system")),
        sa.UniqueConstraint("code", name=op.f("uq_operating_system_code")),
    )


def _create_installations() -> None:
    op.create_table(
        "installation",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("system_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        _list("disks"),
        _list("ssh_keys"),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("post_install", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        _list("fetched"),
        sa.Column("progress", sa.Integer(), nullable=False),
        _made_at("created_at"),
        _moment("armed_at"),
        _moment("handed_out_at"),
        _moment("ended_at"),
        sa.Column("outcome_code", sa.String(), nullable=True),
        sa.CheckConstraint(
            "stage IN ('prepared', 'armed', 'handed_out', 'ended')", name=op.f("ck_installation_stage_known")
        ),
        sa.CheckConstraint(PURPOSES, name=op.f("ck_installation_purpose_known")),
        sa.ForeignKeyConstraint(["job_id"], ["hardware_job.id"], name=op.f("fk_installation_job_id")),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_installation_server_id")),
        sa.ForeignKeyConstraint(
            ["system_id"], ["operating_system.id"], name=op.f("fk_installation_system_id")
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_installation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_installation_token_hash")),
    )
    op.create_index("ix_installation_server", "installation", ["server_id", "job_id"])
    op.create_index(
        "uq_installation_open",
        "installation",
        ["server_id"],
        unique=True,
        postgresql_where=sa.text("stage <> 'ended'"),
    )


def _create_milestones() -> None:
    op.create_table(
        "milestone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("usual_s", sa.Integer(), nullable=False),
        sa.Column("late_s", sa.Integer(), nullable=False),
        sa.Column("limit_s", sa.Integer(), nullable=False),
        _moment("reached_at"),
        _moment("late_at"),
        sa.Column("diagnosis", sa.String(), nullable=True),
        sa.CheckConstraint(
            "name IN ('power_cycled', 'network_boot', 'kernel_fetched', 'installer_started', "
            "'disk_prepared', 'system_written', 'first_boot', 'answers')",
            name=op.f("ck_milestone_name_known"),
        ),
        sa.CheckConstraint(
            "diagnosis IS NULL OR diagnosis IN ('no_power', 'no_network_boot', 'no_kernel', 'kernel_silent', "
            "'disk_not_ready', 'writing_stuck', 'no_first_boot', 'not_answering')",
            name=op.f("ck_milestone_diagnosis_known"),
        ),
        sa.ForeignKeyConstraint(["job_id"], ["hardware_job.id"], name=op.f("fk_milestone_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone")),
        sa.UniqueConstraint("job_id", "name", name="uq_milestone_name"),
        sa.UniqueConstraint("job_id", "position", name="uq_milestone_position"),
    )
    op.create_index("ix_milestone_name", "milestone", ["name", "id"])
    op.create_table(
        "install_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        _made_at("at"),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["hardware_job.id"], name=op.f("fk_install_event_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_install_event")),
    )
    op.create_index("ix_install_event_job", "install_event", ["job_id", "id"])
    op.execute(
        "CREATE TRIGGER install_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON install_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _create_refusals() -> None:
    op.add_column("bmc", sa.Column("certificate", sa.String(), server_default="", nullable=False))
    op.create_table(
        "bmc_refusal",
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("times > 0", name=op.f("ck_bmc_refusal_times_positive")),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_bmc_refusal_server_id")),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_bmc_refusal")),
    )


def upgrade() -> None:
    _allow(KINDS, STATUSES, ACTIVE)
    _create_refusals()
    _create_systems()
    _create_installations()
    _create_milestones()


def downgrade() -> None:
    op.drop_table("bmc_refusal")
    op.drop_column("bmc", "certificate")
    for table in ("install_event", "milestone", "installation", "operating_system"):
        op.drop_table(table)
    # What the older portal does not know is kept as the nearest thing that it knows, and as ended.
    op.execute(
        "UPDATE hardware_job SET status = 'failed', outcome_code = 'not_carried_out', finished_at = now() "  # noqa: S608 (constants)
        f"WHERE status = 'waiting' OR ({OLD_ACTIVE} AND NOT ({OLD_KINDS}))"
    )
    op.execute(f"UPDATE hardware_job SET kind = 'reboot' WHERE NOT ({OLD_KINDS})")  # noqa: S608
    _allow(OLD_KINDS, OLD_STATUSES, OLD_ACTIVE)
