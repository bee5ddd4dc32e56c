"""Prefixes, addresses, reverse DNS, and what plans include of traffic."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What constraints cannot say: an address lies inside its prefix and is none of the prefix's own, and the
# history is only ever added to. A rest after use is as long as the prefix asks for, and is never cut short.
ADDRESS_GUARD = """
CREATE FUNCTION address_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    home prefix%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'uses of addresses are history' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO home FROM prefix WHERE id = NEW.prefix_id;
    IF TG_OP = 'INSERT' THEN
        IF home.removed_at IS NOT NULL THEN
            RAISE EXCEPTION 'this prefix is gone' USING ERRCODE = 'check_violation', CONSTRAINT = 'address_in_prefix';
        END IF;
        IF NOT NEW.network <<= home.cidr THEN
            RAISE EXCEPTION 'not in its prefix' USING ERRCODE = 'check_violation', CONSTRAINT = 'address_in_prefix';
        END IF;
        IF home.gateway <<= NEW.network OR (
            family(home.cidr) = 4 AND masklen(home.cidr) < 31
            AND host(NEW.network) IN (host(network(home.cidr)), host(broadcast(home.cidr)))
        ) THEN
            RAISE EXCEPTION 'the prefix''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'address_reserved';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.prefix_id, NEW.network, NEW.server_id, NEW.valid_from)
            IS DISTINCT FROM (OLD.id, OLD.prefix_id, OLD.network, OLD.server_id, OLD.valid_from)
        OR (OLD.service_id IS NOT NULL AND NEW.service_id IS DISTINCT FROM OLD.service_id)
        OR (OLD.released_at IS NOT NULL AND (NEW.released_at, NEW.held_until)
            IS DISTINCT FROM (OLD.released_at, OLD.held_until)) THEN
        RAISE EXCEPTION 'uses of addresses are history' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.released_at IS NULL AND NEW.held_until < NEW.released_at + make_interval(hours => home.quarantine_hours)
    THEN
        RAISE EXCEPTION 'rests too short' USING ERRCODE = 'check_violation', CONSTRAINT = 'address_rests';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER address_guard BEFORE INSERT OR UPDATE OR DELETE ON address
    FOR EACH ROW EXECUTE FUNCTION address_guard();
"""
PREFIX_GUARD = """
CREATE FUNCTION prefix_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.cidr <> OLD.cidr THEN
        RAISE EXCEPTION 'a prefix stays what it is' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.removed_at IS NOT NULL THEN
        RAISE EXCEPTION 'a prefix that was removed is history' USING ERRCODE = 'restrict_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM address WHERE released_at IS NULL AND NEW.gateway <<= network) THEN
        RAISE EXCEPTION 'the gateway is somebody''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'gateway_free';
    END IF;
    IF NEW.removed_at IS NOT NULL AND EXISTS (
        SELECT 1 FROM address WHERE prefix_id = NEW.id AND (released_at IS NULL OR held_until > now())
    ) THEN
        RAISE EXCEPTION 'addresses of it are in use' USING ERRCODE = 'check_violation', CONSTRAINT = 'prefix_unused';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER prefix_guard BEFORE UPDATE ON prefix FOR EACH ROW EXECUTE FUNCTION prefix_guard();
"""


def upgrade() -> None:
    op.create_table(
        "prefix",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("cidr", postgresql.CIDR(), nullable=False),
        sa.Column("gateway", postgresql.INET(), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("quarantine_hours", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("cidr inet_ops"), "&&"),
            using="gist",
            name="ex_prefix_no_overlap",
            where=sa.text("removed_at IS NULL"),
        ),
        sa.CheckConstraint(
            "family(gateway) = family(cidr) AND (gateway << cidr OR gateway <<= inet 'fe80::/10')",
            name=op.f("ck_prefix_gateway_reachable"),
        ),
        sa.CheckConstraint(
            "family(cidr) = 4 OR masklen(cidr) <= 64", name=op.f("ck_prefix_holds_networks_of_64")
        ),
        sa.CheckConstraint(
            "quarantine_hours BETWEEN 0 AND 8760", name=op.f("ck_prefix_quarantine_within_a_year")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prefix")),
    )
    op.create_table(
        "traffic_allowance",
        sa.Column("plan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("included_bytes", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("unit_bytes", sa.BigInteger(), server_default="1000000000000", nullable=False),
        sa.Column("limit_mbps", sa.Integer(), nullable=True),
        sa.Column(
            "in_force_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "(action = 'limit') = (limit_mbps IS NOT NULL)", name=op.f("ck_traffic_allowance_limit_has_rate")
        ),
        sa.CheckConstraint(
            "action IN ('notify', 'bill', 'limit', 'block')", name=op.f("ck_traffic_allowance_action_known")
        ),
        sa.CheckConstraint(
            "counted IN ('both', 'in', 'out', 'larger')", name=op.f("ck_traffic_allowance_counted_known")
        ),
        sa.CheckConstraint("included_bytes > 0", name=op.f("ck_traffic_allowance_something_included")),
        sa.CheckConstraint("unit_bytes > 0", name=op.f("ck_traffic_allowance_unit_not_empty")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_traffic_allowance_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_traffic_allowance")),
    )
    op.create_table(
        "traffic_alert",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("cycle_start", sa.Date(), nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.Column("included_bytes", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "action IN ('notify', 'bill', 'limit', 'block')", name=op.f("ck_traffic_alert_action_known")
        ),
        sa.CheckConstraint(
            "outcome IN ('skipped', 'mailed', 'exempt', 'wanted', 'done', 'ended')",
            name=op.f("ck_traffic_alert_outcome_known"),
        ),
        sa.CheckConstraint("step IN (75, 90, 100)", name=op.f("ck_traffic_alert_step_known")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_traffic_alert_service_id")),
        sa.ForeignKeyConstraint(["job_id"], ["hardware_job.id"], name=op.f("fk_traffic_alert_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traffic_alert")),
        sa.UniqueConstraint("service_id", "cycle_start", "step", name="uq_traffic_alert_once"),
    )
    op.create_index(
        "ix_traffic_alert_open",
        "traffic_alert",
        ["id"],
        postgresql_where=sa.text("action IN ('limit', 'block') AND outcome IN ('wanted', 'done')"),
    )
    op.create_table(
        "traffic_exemption",
        sa.Column("service_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_traffic_exemption_actor_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_traffic_exemption_service_id")),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_traffic_exemption")),
    )
    op.create_table(
        "traffic_overage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("cycle_start", sa.Date(), nullable=False),
        sa.Column("cycle_end", sa.Date(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.Column("included_bytes", sa.BigInteger(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("cycle_end > cycle_start", name=op.f("ck_traffic_overage_cycle_not_empty")),
        sa.CheckConstraint(
            "units > 0 AND amount_minor >= 0", name=op.f("ck_traffic_overage_amount_sensible")
        ),
        sa.CheckConstraint("used_bytes > included_bytes", name=op.f("ck_traffic_overage_beyond")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_traffic_overage_invoice_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_traffic_overage_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traffic_overage")),
        sa.UniqueConstraint("service_id", "cycle_start", name="uq_traffic_overage_once"),
    )
    op.create_table(
        "traffic_price",
        sa.Column("plan_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_traffic_price_currency_iso4217")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_traffic_price_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["traffic_allowance.plan_id"], name=op.f("fk_traffic_price_plan_id")
        ),
        sa.PrimaryKeyConstraint("plan_id", "currency", name=op.f("pk_traffic_price")),
    )
    op.create_table(
        "address",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("prefix_id", sa.BigInteger(), nullable=False),
        sa.Column("network", postgresql.CIDR(), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("network inet_ops"), "&&"),
            (sa.text("tstzrange(valid_from, held_until)"), "&&"),
            using="gist",
            name="ex_address_one_use_at_a_time",
        ),
        sa.CheckConstraint(
            "(released_at IS NULL) = (held_until IS NULL)", name=op.f("ck_address_held_once_released")
        ),
        sa.CheckConstraint(
            "held_until >= released_at AND released_at >= valid_from", name=op.f("ck_address_in_order")
        ),
        sa.CheckConstraint(
            "masklen(network) = CASE family(network) WHEN 4 THEN 32 ELSE 64 END",
            name=op.f("ck_address_handed_out_whole"),
        ),
        sa.ForeignKeyConstraint(["prefix_id"], ["prefix.id"], name=op.f("fk_address_prefix_id")),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_address_server_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_address_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    op.create_index("ix_address_prefix", "address", ["prefix_id"], unique=False)
    op.create_index("ix_address_server", "address", ["server_id", "id"], unique=False)
    op.create_index("ix_address_service", "address", ["service_id"], unique=False)
    op.create_index(
        "uq_address_main",
        "address",
        ["server_id", sa.literal_column("family(network)")],
        unique=True,
        postgresql_where=sa.text("is_main AND released_at IS NULL"),
    )
    op.create_table(
        "reverse_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ip", postgresql.INET(), nullable=False),
        sa.Column("address_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("wanted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visible_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forward", sa.String(), nullable=False),
        sa.Column("forward_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status IN ('wanted', 'written')) = (next_attempt_at IS NOT NULL)",
            name=op.f("ck_reverse_record_waiting_has_time"),
        ),
        sa.CheckConstraint(
            "forward IN ('unknown', 'matches', 'differs', 'missing')",
            name=op.f("ck_reverse_record_forward_known"),
        ),
        sa.CheckConstraint(
            "name ~ '^[a-z0-9.-]*$' AND length(name) <= 253", name=op.f("ck_reverse_record_name_ascii")
        ),
        sa.CheckConstraint(
            "status IN ('wanted', 'written', 'visible', 'failed', 'gone')",
            name=op.f("ck_reverse_record_status_known"),
        ),
        sa.ForeignKeyConstraint(["address_id"], ["address.id"], name=op.f("fk_reverse_record_address_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reverse_record")),
        sa.CheckConstraint(
            "status NOT IN ('visible', 'gone') OR (status = 'gone') = (name = '')",
            name=op.f("ck_reverse_record_gone_is_empty"),
        ),
    )
    op.create_index(
        "uq_reverse_record_ip",
        "reverse_record",
        ["ip"],
        unique=True,
        postgresql_where=sa.text("status <> 'gone'"),
    )
    op.create_index("ix_reverse_record_address", "reverse_record", ["address_id"], unique=False)
    op.create_index(
        "ix_reverse_record_due",
        "reverse_record",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index(
        "ix_reverse_record_forward",
        "reverse_record",
        ["forward_due_at"],
        unique=False,
        postgresql_where=sa.text("forward_due_at IS NOT NULL"),
    )
    # A MAC address is one whatever the case of its letters.
    op.create_index("uq_server_mac_any_case", "server", [sa.literal_column("lower(mac)")], unique=True)
    op.execute(ADDRESS_GUARD)
    op.execute(PREFIX_GUARD)


def downgrade() -> None:
    op.drop_index("uq_server_mac_any_case", table_name="server")
    op.drop_index(
        "ix_reverse_record_forward",
        table_name="reverse_record",
        postgresql_where=sa.text("forward_due_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_reverse_record_due",
        table_name="reverse_record",
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.drop_index(
        "uq_reverse_record_ip", table_name="reverse_record", postgresql_where=sa.text("status <> 'gone'")
    )
    op.drop_index("ix_reverse_record_address", table_name="reverse_record")
    op.drop_table("reverse_record")
    op.drop_index(
        "uq_address_main", table_name="address", postgresql_where=sa.text("is_main AND released_at IS NULL")
    )
    op.drop_index("ix_address_service", table_name="address")
    op.drop_index("ix_address_server", table_name="address")
    op.drop_index("ix_address_prefix", table_name="address")
    op.drop_table("address")
    op.drop_table("traffic_price")
    op.drop_table("traffic_overage")
    op.drop_table("traffic_exemption")
    op.drop_index(
        "ix_traffic_alert_open",
        table_name="traffic_alert",
        postgresql_where=sa.text("action IN ('limit', 'block') AND outcome IN ('wanted', 'done')"),
    )
    op.drop_table("traffic_alert")
    op.drop_table("traffic_allowance")
    op.drop_table("prefix")
    op.execute("DROP FUNCTION address_guard()")
    op.execute("DROP FUNCTION prefix_guard()")
