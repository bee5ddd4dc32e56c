"""Switches, ports and traffic samples."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "switch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("snmp_version", sa.String(), nullable=False),
        sa.Column("community", sa.LargeBinary(), nullable=True),
        sa.Column("username", sa.String(), nullable=True),
        sa.Column("auth_protocol", sa.String(), nullable=True),
        sa.Column("auth_password", sa.LargeBinary(), nullable=True),
        sa.Column("priv_protocol", sa.String(), nullable=True),
        sa.Column("priv_password", sa.LargeBinary(), nullable=True),
        sa.Column("is_polled", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "CASE snmp_version WHEN '3' THEN username IS NOT NULL ELSE community IS NOT NULL END",
            name=op.f("ck_switch_has_credentials"),
        ),
        sa.CheckConstraint("snmp_version IN ('2c', '3')", name=op.f("ck_switch_snmp_version_known")),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_switch_port_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_switch")),
        sa.UniqueConstraint("name", name=op.f("uq_switch_name")),
    )
    op.create_table(
        "traffic_hot",
        sa.Column("port_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("in_bytes", sa.BigInteger(), nullable=True),
        sa.Column("out_bytes", sa.BigInteger(), nullable=True),
        sa.Column("interval_ms", sa.BigInteger(), nullable=False),
        sa.Column("flags", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("port_id", "ts", name=op.f("pk_traffic_hot")),
        postgresql_partition_by="RANGE (ts)",
    )
    op.create_table(
        "switch_gap",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("switch_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.CheckConstraint(
            "cause IN ('silent', 'reboot', 'too_fast', 'ambiguous', 'missing')",
            name=op.f("ck_switch_gap_cause_known"),
        ),
        sa.ForeignKeyConstraint(["switch_id"], ["switch.id"], name=op.f("fk_switch_gap_switch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_switch_gap")),
    )
    op.create_index("ix_switch_gap_switch", "switch_gap", ["switch_id", "id"], unique=False)
    op.create_index(
        "uq_switch_gap_open",
        "switch_gap",
        ["switch_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "switch_poll",
        sa.Column("switch_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_sample_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("poll_ms", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("failed_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("discovered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("table_changed_cs", sa.BigInteger(), nullable=True),
        sa.Column("baseline", sa.LargeBinary(), server_default=sa.text("''::bytea"), nullable=False),
        sa.ForeignKeyConstraint(["switch_id"], ["switch.id"], name=op.f("fk_switch_poll_switch_id")),
        sa.PrimaryKeyConstraint("switch_id", name=op.f("pk_switch_poll")),
    )
    op.create_table(
        "switch_port",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("switch_id", sa.BigInteger(), nullable=False),
        sa.Column("if_name", sa.String(), nullable=False),
        sa.Column("if_index", sa.BigInteger(), nullable=True),
        sa.Column("speed_mbps", sa.BigInteger(), nullable=True),
        sa.Column("counter_bits", sa.SmallInteger(), server_default="64", nullable=False),
        sa.Column("is_up", sa.Boolean(), nullable=True),
        sa.Column("compacted_through", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("counter_bits IN (32, 64)", name=op.f("ck_switch_port_counter_bits_known")),
        sa.ForeignKeyConstraint(["switch_id"], ["switch.id"], name=op.f("fk_switch_port_switch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_switch_port")),
        sa.UniqueConstraint("switch_id", "if_name", name="uq_switch_port_name"),
    )
    op.create_table(
        "traffic_day",
        sa.Column("port_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("samples", sa.SmallInteger(), nullable=False),
        sa.Column("covered_s", sa.Integer(), nullable=False),
        sa.Column("in_sum", sa.BigInteger(), nullable=False),
        sa.Column("out_sum", sa.BigInteger(), nullable=False),
        sa.Column("in_max_bps", sa.BigInteger(), nullable=False),
        sa.Column("out_max_bps", sa.BigInteger(), nullable=False),
        sa.Column("flags", sa.SmallInteger(), nullable=False),
        sa.Column("slots", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["port_id"], ["switch_port.id"], name=op.f("fk_traffic_day_port_id")),
        sa.PrimaryKeyConstraint("port_id", "day", name=op.f("pk_traffic_day")),
    )
    op.create_table(
        "port_link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("port_id", sa.BigInteger(), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(port_id, port_id, '[]')"), "&&"),
            (sa.text("tstzrange(valid_from, valid_until)"), "&&"),
            using="gist",
            name="ex_port_link_one_at_a_time",
        ),
        sa.CheckConstraint("valid_until > valid_from", name=op.f("ck_port_link_not_empty")),
        sa.ForeignKeyConstraint(["port_id"], ["switch_port.id"], name=op.f("fk_port_link_port_id")),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_port_link_server_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_port_link_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_port_link")),
    )
    op.create_index("ix_port_link_server", "port_link", ["server_id"], unique=False)
    op.create_index("ix_port_link_service", "port_link", ["service_id"], unique=False)
    # Packed already: compressing it again would only cost time.
    op.execute("ALTER TABLE traffic_day ALTER COLUMN slots SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_index("ix_port_link_service", table_name="port_link")
    op.drop_index("ix_port_link_server", table_name="port_link")
    op.drop_table("port_link")
    op.drop_table("traffic_day")
    op.drop_table("switch_port")
    op.drop_table("switch_poll")
    op.drop_index("uq_switch_gap_open", table_name="switch_gap", postgresql_where=sa.text("ended_at IS NULL"))
    op.drop_index("ix_switch_gap_switch", table_name="switch_gap")
    op.drop_table("switch_gap")
    op.drop_table("traffic_hot")
    op.drop_table("switch")
