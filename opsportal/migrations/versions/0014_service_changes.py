"""What happened to a service, line by line; and both reasons for a suspension at once."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Whoever changes a service, by whatever code, writes its history in the same transaction, and open pages hear of it
# as that commits. Who it was stands in the transaction's setting opsportal.by; without one, it was the portal.
FUNCTIONS = (
    """
    CREATE FUNCTION service_holds(one service) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
        SELECT array_remove(ARRAY[one.suspension_reason, CASE WHEN one.also_unpaid THEN 'payment' END], NULL)
    $$
    """,
    """
    CREATE FUNCTION add_service_change(
        one service, what text, held text, day date, was service, moment timestamptz
    ) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE who jsonb := coalesce(nullif(current_setting('opsportal.by', true), ''), '{}')::jsonb;
    BEGIN
        INSERT INTO service_change (
            service_id, at, kind, hold, on_day, actor_id, actor_name, actor_role, reason,
            plan_id, price_minor, currency, term,
            plan_before_id, price_before_minor, currency_before, term_before
        ) VALUES (
            one.id, coalesce((who ->> 'at')::timestamptz, moment), what, held, day,
            (who ->> 'id')::bigint, coalesce(who ->> 'name', ''), coalesce(who ->> 'role', 'portal'),
            coalesce(who ->> 'reason', ''), one.plan_id, one.price_minor, one.currency, one.term,
            was.plan_id, was.price_minor, was.currency, was.term
        );
    END $$
    """,
    # The first charge after a change of price says what is now paid instead of what before.
    """
    CREATE FUNCTION add_service_renewal(one service, was service, moment timestamptz) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE before service_change%ROWTYPE;
    BEGIN
        SELECT * INTO before FROM service_change c
        WHERE c.service_id = one.id AND c.price_before_minor IS NOT NULL AND c.kind <> 'renewed' AND c.id > coalesce(
            (SELECT max(id) FROM service_change WHERE service_id = one.id AND kind = 'renewed'), 0
        )
        ORDER BY c.id LIMIT 1;
        IF FOUND AND (before.price_before_minor, before.currency_before, before.term_before)
            IS DISTINCT FROM (one.price_minor, one.currency, one.term)
        THEN
            was.price_minor := before.price_before_minor;
            was.currency := before.currency_before;
            was.term := before.term_before;
            was.plan_id := before.plan_before_id;
            PERFORM add_service_change(
                one, 'renewed', NULL, coalesce(was.charged_through, was.period_end), was, moment
            );
        END IF;
    END $$
    """,
    """
    CREATE FUNCTION note_service_changes() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        was service;
        nothing service;
        held text;
        shown json;
        moment timestamptz := CASE TG_OP WHEN 'INSERT' THEN NEW.created_at ELSE now() END;
    BEGIN
        IF TG_OP = 'INSERT' THEN
            was := NEW;
            was.status := 'pending';
            was.suspension_reason := NULL;
            was.also_unpaid := false;
            was.termination_requested_on := NULL;
            PERFORM add_service_change(NEW, 'ordered', NULL, NULL, nothing, moment);
        ELSE
            was := OLD;
        END IF;
        IF NEW.plan_id <> was.plan_id OR (NEW.price_minor, NEW.currency, NEW.term)
            IS DISTINCT FROM (was.price_minor, was.currency, was.term)
        THEN
            PERFORM add_service_change(
                NEW, CASE WHEN NEW.plan_id <> was.plan_id THEN 'plan_changed' ELSE 'price_changed' END,
                NULL, coalesce(was.charged_through, was.period_end), was, moment
            );
        END IF;
        IF NEW.status <> was.status AND NEW.status NOT IN ('suspended', 'pending')
            AND NOT (was.status = 'suspended' AND NEW.status = 'active')
        THEN
            PERFORM add_service_change(
                NEW, CASE NEW.status WHEN 'active' THEN 'activated' ELSE NEW.status END, NULL, NULL, nothing, moment
            );
        END IF;
        FOREACH held IN ARRAY service_holds(NEW) LOOP
            IF NOT held = ANY (service_holds(was)) THEN
                PERFORM add_service_change(NEW, 'suspended', held, NULL, nothing, moment);
            END IF;
        END LOOP;
        IF NEW.status IN ('active', 'suspended') THEN
            FOREACH held IN ARRAY service_holds(was) LOOP
                IF NOT held = ANY (service_holds(NEW)) THEN
                    PERFORM add_service_change(NEW, 'lifted', held, NULL, nothing, moment);
                END IF;
            END LOOP;
        END IF;
        IF NEW.termination_requested_on IS DISTINCT FROM was.termination_requested_on THEN
            PERFORM add_service_change(
                NEW,
                CASE WHEN NEW.termination_requested_on IS NULL THEN 'termination_withdrawn'
                     ELSE 'termination_requested' END,
                NULL, NEW.termination_requested_on, nothing, moment
            );
        END IF;
        IF NEW.charged_through > coalesce(was.charged_through, was.period_end) THEN
            PERFORM add_service_renewal(NEW, was, moment);
        END IF;
        IF TG_OP = 'UPDATE' THEN
            SELECT json_build_array(
                format('company:%s:services', NEW.company_id), format('service:%s', NEW.id),
                coalesce((SELECT format('server:%s', id) FROM server WHERE service_id = NEW.id LIMIT 1), 'service')
            ) INTO shown;
            PERFORM pg_notify('opsportal_live', shown::text);
        END IF;
        RETURN NULL;
    END $$
    """,
)
TRIGGERS = (
    """
    CREATE TRIGGER service_begins_history AFTER INSERT ON service
    FOR EACH ROW EXECUTE FUNCTION note_service_changes()
    """,
    """
    CREATE TRIGGER service_writes_history AFTER UPDATE ON service
    FOR EACH ROW WHEN (
        (OLD.plan_id, OLD.price_minor, OLD.currency, OLD.term, OLD.status, OLD.suspension_reason, OLD.also_unpaid,
         OLD.suspension_note, OLD.termination_requested_on, OLD.charged_through)
        IS DISTINCT FROM
        (NEW.plan_id, NEW.price_minor, NEW.currency, NEW.term, NEW.status, NEW.suspension_reason, NEW.also_unpaid,
         NEW.suspension_note, NEW.termination_requested_on, NEW.charged_through)
    ) EXECUTE FUNCTION note_service_changes()
    """,
    """
    CREATE TRIGGER service_change_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON service_change
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)
# Nobody knows any more what happened before: the history begins with how it stands.
BEGIN = """
    INSERT INTO service_change (service_id, kind, hold, on_day, actor_role, plan_id, price_minor, currency, term)
    SELECT id, 'recorded', suspension_reason, termination_requested_on, 'portal', plan_id, price_minor, currency, term
    FROM service ORDER BY id
"""
KINDS = (
    "ordered", "recorded", "provisioning", "activated", "price_changed", "plan_changed", "renewed", "suspended",
    "lifted", "termination_requested", "termination_withdrawn", "terminated", "cancelled",
)  # fmt: skip


def upgrade() -> None:
    op.add_column("service", sa.Column("suspension_note", sa.String(), nullable=True))
    op.add_column(
        "service", sa.Column("also_unpaid", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_service_note_of_policy"),
        "service",
        "suspension_note IS NULL OR suspension_reason IS NOT DISTINCT FROM 'policy'",
    )
    op.create_check_constraint(
        op.f("ck_service_unpaid_beside_policy"),
        "service",
        "NOT also_unpaid OR suspension_reason IS NOT DISTINCT FROM 'policy'",
    )
    _history()
    for statement in (*FUNCTIONS, *TRIGGERS, BEGIN):
        op.execute(statement)


def _history() -> None:
    def text(name: str, *, default: str | None = None, nullable: bool = False) -> sa.Column[str]:
        return sa.Column(name, sa.String(), server_default=default, nullable=nullable)

    kinds = ", ".join(f"'{kind}'" for kind in KINDS)
    op.create_table(
        "service_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        text("kind"),
        text("hold", nullable=True),
        sa.Column("on_day", sa.Date(), nullable=True),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        text("actor_name", default=""),
        text("actor_role"),
        text("reason", default=""),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        text("currency"),
        text("term"),
        sa.Column("plan_before_id", sa.BigInteger(), nullable=True),
        sa.Column("price_before_minor", sa.BigInteger(), nullable=True),
        text("currency_before", nullable=True),
        text("term_before", nullable=True),
        sa.CheckConstraint(f"kind IN ({kinds})", name=op.f("ck_service_change_kind_known")),
        sa.CheckConstraint(
            "actor_role IN ('client', 'technician', 'operator', 'portal')",
            name=op.f("ck_service_change_actor_role_known"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_service_change_{column}_{table}")
            )
            for column, table in (
                ("service_id", "service"),
                ("actor_id", "person"),
                ("plan_id", "plan"),
                ("plan_before_id", "plan"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_change")),
    )
    op.create_index("ix_service_change_service", "service_change", ["service_id", "id"])


def downgrade() -> None:
    op.execute("DROP TRIGGER service_writes_history ON service")
    op.execute("DROP TRIGGER service_begins_history ON service")
    op.drop_table("service_change")
    for function in (
        "note_service_changes()",
        "add_service_renewal(service, service, timestamptz)",
        "add_service_change(service, text, text, date, service, timestamptz)",
        "service_holds(service)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_constraint(op.f("ck_service_unpaid_beside_policy"), "service")
    op.drop_constraint(op.f("ck_service_note_of_policy"), "service")
    op.drop_column("service", "also_unpaid")
    op.drop_column("service", "suspension_note")
