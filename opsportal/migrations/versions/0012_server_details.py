"""Descriptions, sign-in data, health, blocks, and orders to switch ports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# No uplink is ever written to: an order for one cannot exist, and a port under orders cannot become one.
# Both lock the port's row, so that neither can slip past the other.
GUARD = """
CREATE FUNCTION port_order_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT is_uplink FROM switch_port WHERE id = NEW.port_id FOR SHARE) THEN
        RAISE EXCEPTION 'port % is an uplink', NEW.port_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'port_order_never_uplink';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER port_order_guard BEFORE INSERT OR UPDATE ON port_order
    FOR EACH ROW EXECUTE FUNCTION port_order_guard();
CREATE FUNCTION uplink_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM port_order WHERE port_id = NEW.id AND status = 'asked') OR EXISTS (
        SELECT 1 FROM server_block WHERE port_id = NEW.id AND blocked_at IS NOT NULL AND ended_at IS NULL
    ) THEN
        RAISE EXCEPTION 'port % is under orders', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'switch_port_under_orders';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER uplink_guard BEFORE UPDATE OF is_uplink ON switch_port
    FOR EACH ROW WHEN (NEW.is_uplink AND NOT OLD.is_uplink) EXECUTE FUNCTION uplink_guard();
"""


def _moment(name: str, *, nullable: bool = True) -> sa.Column:
    default = None if nullable else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _id() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def upgrade() -> None:
    op.create_table(
        "server_details",
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        _moment("updated_at", nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.CheckConstraint("length(description) <= 4000", name=op.f("ck_server_details_description_short")),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_server_details_server_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_server_details_service_id")),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_server_details")),
    )
    op.create_table(
        "server_sign_in",
        _id(),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        _moment("updated_at", nullable=False),
        sa.Column("updated_by", sa.String(), nullable=False),
        sa.CheckConstraint("length(label) BETWEEN 1 AND 60", name=op.f("ck_server_sign_in_label_fits")),
        sa.CheckConstraint("length(username) <= 120", name=op.f("ck_server_sign_in_username_fits")),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_server_sign_in_server_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_server_sign_in_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_sign_in")),
    )
    op.create_index("ix_server_sign_in_server", "server_sign_in", ["server_id", "id"])
    op.create_table(
        "server_health",
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        _moment("asking_since"),
        _moment("asked_at"),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("sensors", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("sensors_code", sa.String(), nullable=True),
        sa.Column("watts", sa.Integer(), nullable=True),
        sa.Column("average_watts", sa.Integer(), nullable=True),
        sa.Column("events", postgresql.JSONB(), server_default="[]", nullable=False),
        sa.Column("events_total", sa.Integer(), nullable=False),
        sa.Column("events_code", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_server_health_server_id")),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_server_health")),
    )
    op.create_table(
        "server_light",
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        _moment("asking_since"),
        _moment("lit_until"),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_server_light_server_id")),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_server_light")),
    )
    op.create_table(
        "health_sample",
        _id(),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        _moment("at", nullable=False),
        sa.Column("watts", sa.Integer(), nullable=True),
        sa.Column("hottest_c", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_health_sample_server_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_health_sample")),
    )
    op.create_index("ix_health_sample_server", "health_sample", ["server_id", "id"])
    op.create_table(
        "server_block",
        _id(),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("port_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("is_by_staff", sa.Boolean(), nullable=False),
        sa.Column("is_with_power", sa.Boolean(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        _moment("requested_at", nullable=False),
        _moment("blocked_at"),
        _moment("ended_at"),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "ended_at IS NULL OR blocked_at IS NOT NULL", name=op.f("ck_server_block_ends_after_beginning")
        ),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_server_block_server_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_server_block_service_id")),
        sa.ForeignKeyConstraint(["port_id"], ["switch_port.id"], name=op.f("fk_server_block_port_id")),
        sa.ForeignKeyConstraint(["job_id"], ["hardware_job.id"], name=op.f("fk_server_block_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_server_block")),
        sa.UniqueConstraint("job_id", name=op.f("uq_server_block_job_id")),
    )
    op.create_index(op.f("ix_server_block_server_id"), "server_block", ["server_id"])
    op.create_index(
        "uq_server_block_in_force",
        "server_block",
        ["server_id"],
        unique=True,
        postgresql_where=sa.text("blocked_at IS NOT NULL AND ended_at IS NULL"),
    )
    op.create_table(
        "port_order",
        _id(),
        sa.Column("port_id", sa.BigInteger(), nullable=False),
        sa.Column("wants_up", sa.Boolean(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("asked_at", nullable=False),
        _moment("due_at"),
        _moment("ended_at"),
        sa.Column("outcome_code", sa.String(), nullable=True),
        sa.CheckConstraint("status IN ('asked', 'done', 'failed')", name=op.f("ck_port_order_status_known")),
        sa.ForeignKeyConstraint(["port_id"], ["switch_port.id"], name=op.f("fk_port_order_port_id")),
        sa.ForeignKeyConstraint(["job_id"], ["hardware_job.id"], name=op.f("fk_port_order_job_id")),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_port_order_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_port_order")),
    )
    op.create_index("ix_port_order_port", "port_order", ["port_id", "id"])
    op.create_index(
        "uq_port_order_active",
        "port_order",
        ["port_id"],
        unique=True,
        postgresql_where=sa.text("status = 'asked'"),
    )
    for name in ("write_community", "write_auth_password", "write_priv_password"):
        op.add_column("switch", sa.Column(name, sa.LargeBinary(), nullable=True))
    for name in ("write_username", "write_auth_protocol", "write_priv_protocol"):
        op.add_column("switch", sa.Column(name, sa.String(), nullable=True))
    op.add_column(
        "switch_port", sa.Column("is_uplink", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("switch_port", sa.Column("is_enabled", sa.Boolean(), nullable=True))
    op.add_column("switch_port", sa.Column("in_errors", sa.BigInteger(), nullable=True))
    op.add_column("switch_port", sa.Column("out_errors", sa.BigInteger(), nullable=True))
    op.add_column("switch_port", _moment("looked_at"))
    op.add_column("switch_port", _moment("errors_at"))
    op.execute(GUARD)


def downgrade() -> None:
    op.execute("DROP TRIGGER uplink_guard ON switch_port; DROP FUNCTION uplink_guard")
    op.execute("DROP TRIGGER port_order_guard ON port_order; DROP FUNCTION port_order_guard")
    for name in ("errors_at", "looked_at", "out_errors", "in_errors", "is_enabled", "is_uplink"):
        op.drop_column("switch_port", name)
    for name in (
        "write_priv_protocol", "write_auth_protocol", "write_username",
        "write_priv_password", "write_auth_password", "write_community",
    ):  # fmt: skip
        op.drop_column("switch", name)
    for name in (
        "port_order", "server_block", "health_sample", "server_light", "server_health", "server_sign_in", "server_details",
    ):  # fmt: skip
        op.drop_table(name)
