"""Payments, saved cards and the webhook inbox."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What was agreed when a payment was made never changes, and a row never goes away.
PAYMENT_TERMS = """
CREATE FUNCTION keep_payment_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.company_id, OLD.purpose, OLD.invoice_id, OLD.gateway, OLD.card_id, OLD.net_minor, OLD.tax_minor,
        OLD.gross_minor, OLD.currency, OLD.is_taxed, OLD.tax_rate_bp, OLD.idempotency)
       IS DISTINCT FROM
       (NEW.company_id, NEW.purpose, NEW.invoice_id, NEW.gateway, NEW.card_id, NEW.net_minor, NEW.tax_minor,
        NEW.gross_minor, NEW.currency, NEW.is_taxed, NEW.tax_rate_bp, NEW.idempotency)
       OR (OLD.ref IS NOT NULL AND NEW.ref IS DISTINCT FROM OLD.ref)
       OR (OLD.entry_id IS NOT NULL AND NEW.entry_id IS DISTINCT FROM OLD.entry_id) THEN
        RAISE EXCEPTION 'the terms of payment % are fixed', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

# Refunds of one payment are never more than it was: checked here too, under the payment's lock.
REFUND_LIMIT = """
CREATE FUNCTION check_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid payment%ROWTYPE;
    given bigint;
BEGIN
    SELECT * INTO STRICT paid FROM payment WHERE id = NEW.payment_id FOR UPDATE;
    SELECT coalesce(sum(amount_minor), 0) INTO given
        FROM refund WHERE payment_id = NEW.payment_id AND status <> 'failed' AND id <> NEW.id;
    IF NEW.status <> 'failed' AND (
        given + NEW.amount_minor > paid.gross_minor OR NEW.currency <> paid.currency
        OR NEW.company_id <> paid.company_id OR paid.status <> 'succeeded'
    ) THEN
        RAISE EXCEPTION 'payment % cannot be refunded like this', paid.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""

# What a gateway has told us stays as it was told.
EVENT_BYTES = """
CREATE FUNCTION keep_gateway_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.gateway, OLD.event_ref, OLD.kind, OLD.object_ref, OLD.raw, OLD.signature, OLD.is_signed)
       IS DISTINCT FROM
       (NEW.gateway, NEW.event_ref, NEW.kind, NEW.object_ref, NEW.raw, NEW.signature, NEW.is_signed) THEN
        RAISE EXCEPTION 'event % stays as it came', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

FUNCTIONS = {
    "keep_payment_terms": PAYMENT_TERMS,
    "check_refund": REFUND_LIMIT,
    "keep_gateway_event": EVENT_BYTES,
}
TRIGGERS = (
    "CREATE TRIGGER payment_terms BEFORE UPDATE ON payment FOR EACH ROW EXECUTE FUNCTION keep_payment_terms()",
    "CREATE TRIGGER payment_stays BEFORE DELETE ON payment FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER refund_limit AFTER INSERT OR UPDATE ON refund FOR EACH ROW EXECUTE FUNCTION check_refund()",
    "CREATE TRIGGER refund_stays BEFORE DELETE ON refund FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER event_bytes BEFORE UPDATE ON gateway_event FOR EACH ROW EXECUTE FUNCTION keep_gateway_event()",
)


def upgrade() -> None:
    op.create_table(
        "gateway_check",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.Column("problem_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_check")),
    )
    op.create_table(
        "gateway_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("event_ref", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("object_ref", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("is_signed", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("outcome_code", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('received', 'processed', 'ignored', 'refused', 'failed')",
            name=op.f("ck_gateway_event_status_known"),
        ),
        sa.CheckConstraint("is_signed", name=op.f("ck_gateway_event_only_signed")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_event")),
        sa.UniqueConstraint("gateway", "event_ref", name="uq_gateway_event_ref"),
    )
    op.create_index(
        "ix_gateway_event_due",
        "gateway_event",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'received'"),
    )
    op.create_table(
        "webhook_count",
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "result IN ('accepted', 'duplicate', 'forged', 'malformed')",
            name=op.f("ck_webhook_count_result_known"),
        ),
        sa.PrimaryKeyConstraint("gateway", "on_day", "result", name=op.f("pk_webhook_count")),
    )
    op.create_table(
        "gateway_customer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_gateway_customer_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_customer")),
        sa.UniqueConstraint("gateway", "company_id", name="uq_gateway_customer_company"),
        sa.UniqueConstraint("gateway", "ref", name="uq_gateway_customer_ref"),
    )
    op.create_table(
        "saved_card",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=False),
        sa.Column("last4", sa.String(), nullable=False),
        sa.Column("exp_month", sa.Integer(), nullable=False),
        sa.Column("exp_year", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("last4 ~ '^[0-9]{4}$'", name=op.f("ck_saved_card_last4_digits")),
        sa.CheckConstraint("exp_month BETWEEN 1 AND 12", name=op.f("ck_saved_card_month_range")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_saved_card_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_card")),
        sa.UniqueConstraint("gateway", "ref", name="uq_saved_card_ref"),
    )
    op.create_index(
        "ix_saved_card_company",
        "saved_card",
        ["company_id"],
        unique=False,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "card_setup",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("failure_code", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('begun', 'saved', 'failed', 'expired')", name=op.f("ck_card_setup_status_known")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_card_setup_actor_id")),
        sa.ForeignKeyConstraint(["card_id"], ["saved_card.id"], name=op.f("fk_card_setup_card_id")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_card_setup_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_setup")),
        sa.UniqueConstraint("ref", name=op.f("uq_card_setup_ref")),
    )
    op.create_index(
        "ix_card_setup_due",
        "card_setup",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'begun'"),
    )
    op.create_table(
        "payment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("card_id", sa.BigInteger(), nullable=False),
        sa.Column("card_brand", sa.String(), nullable=False),
        sa.Column("card_last4", sa.String(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("tax_scheme", sa.String(), nullable=False),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=False),
        sa.Column("tax_country", sa.String(), nullable=False),
        sa.Column("tax_reason", sa.String(), nullable=False),
        sa.Column("is_taxed", sa.Boolean(), nullable=False),
        sa.Column("idempotency", sa.String(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=True),
        sa.Column("confirmations", sa.Integer(), nullable=False),
        sa.Column("is_confirming", sa.Boolean(), nullable=False),
        sa.Column("cancel_code", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem_code", sa.String(), nullable=False),
        sa.Column("failure_code", sa.String(), nullable=False),
        sa.Column("failure_text", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("is_kept_in_balance", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(purpose = 'invoice') = (invoice_id IS NOT NULL)", name=op.f("ck_payment_invoice_has_id")
        ),
        sa.CheckConstraint(
            "(status = 'succeeded') = (entry_id IS NOT NULL)", name=op.f("ck_payment_success_is_booked")
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_payment_currency_iso4217")),
        sa.CheckConstraint("purpose IN ('topup', 'invoice')", name=op.f("ck_payment_purpose_known")),
        sa.CheckConstraint(
            "status IN ('created', 'submitted', 'requires_action', 'unknown', 'succeeded', 'failed', 'cancelled')",
            name=op.f("ck_payment_status_known"),
        ),
        sa.CheckConstraint("gross_minor = net_minor + tax_minor", name=op.f("ck_payment_gross_is_the_sum")),
        sa.CheckConstraint("net_minor > 0 AND tax_minor >= 0", name=op.f("ck_payment_amounts_positive")),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_payment_actor_id")),
        sa.ForeignKeyConstraint(["card_id"], ["saved_card.id"], name=op.f("fk_payment_card_id")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_payment_company_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entry.id"], name=op.f("fk_payment_entry_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_payment_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("company_id", "idempotency", name="uq_payment_idempotency"),
        sa.UniqueConstraint("gateway", "ref", name="uq_payment_ref"),
    )
    op.create_index("ix_payment_company", "payment", ["company_id", "id"], unique=False)
    op.create_index(
        "ix_payment_due",
        "payment",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('created', 'submitted', 'requires_action', 'unknown')"),
    )
    op.create_index("ix_payment_status", "payment", ["status", "id"], unique=False)
    op.create_index(
        "uq_payment_invoice_active",
        "payment",
        ["invoice_id"],
        unique=True,
        postgresql_where=sa.text(
            "invoice_id IS NOT NULL AND status IN ('created', 'submitted', 'requires_action', 'unknown')"
        ),
    )
    op.create_table(
        "refund",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.Column("idempotency", sa.String(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("problem_code", sa.String(), nullable=False),
        sa.Column("failure_code", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "status IN ('requested', 'submitted', 'succeeded', 'failed')", name=op.f("ck_refund_status_known")
        ),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_refund_amount_positive")),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_refund_actor_id")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_refund_company_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entry.id"], name=op.f("fk_refund_entry_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["payment.id"], name=op.f("fk_refund_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund")),
        sa.UniqueConstraint("gateway", "ref", name="uq_refund_ref"),
        sa.UniqueConstraint("payment_id", "idempotency", name="uq_refund_idempotency"),
    )
    op.create_index(
        "ix_refund_due",
        "refund",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('requested', 'submitted')"),
    )
    op.create_index("ix_refund_payment", "refund", ["payment_id"], unique=False)
    op.create_table(
        "gateway_difference",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("check_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("object_ref", sa.String(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=True),
        sa.Column("refund_id", sa.BigInteger(), nullable=True),
        sa.Column("ours_minor", sa.BigInteger(), nullable=False),
        sa.Column("ours_currency", sa.String(), nullable=False),
        sa.Column("theirs_minor", sa.BigInteger(), nullable=False),
        sa.Column("theirs_currency", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('missing_here', 'missing_there', 'amount')",
            name=op.f("ck_gateway_difference_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["check_id"], ["gateway_check.id"], name=op.f("fk_gateway_difference_check_id")
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.id"], name=op.f("fk_gateway_difference_payment_id")
        ),
        sa.ForeignKeyConstraint(["refund_id"], ["refund.id"], name=op.f("fk_gateway_difference_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_difference")),
    )
    op.create_index(op.f("ix_gateway_difference_check_id"), "gateway_difference", ["check_id"], unique=False)
    op.create_index(
        "uq_gateway_difference_open",
        "gateway_difference",
        ["gateway", "object_ref", "kind"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    for function in FUNCTIONS.values():
        op.execute(function)
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:

    op.drop_index(
        "uq_gateway_difference_open",
        table_name="gateway_difference",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_index(op.f("ix_gateway_difference_check_id"), table_name="gateway_difference")
    op.drop_table("gateway_difference")
    op.drop_index("ix_refund_payment", table_name="refund")
    op.drop_index(
        "ix_refund_due", table_name="refund", postgresql_where=sa.text("status IN ('requested', 'submitted')")
    )
    op.drop_table("refund")
    op.drop_index(
        "uq_payment_invoice_active",
        table_name="payment",
        postgresql_where=sa.text(
            "invoice_id IS NOT NULL AND status IN ('created', 'submitted', 'requires_action', 'unknown')"
        ),
    )
    op.drop_index("ix_payment_status", table_name="payment")
    op.drop_index(
        "ix_payment_due",
        table_name="payment",
        postgresql_where=sa.text("status IN ('created', 'submitted', 'requires_action', 'unknown')"),
    )
    op.drop_index("ix_payment_company", table_name="payment")
    op.drop_table("payment")
    op.drop_index("ix_card_setup_due", table_name="card_setup", postgresql_where=sa.text("status = 'begun'"))
    op.drop_table("card_setup")
    op.drop_index(
        "ix_saved_card_company", table_name="saved_card", postgresql_where=sa.text("removed_at IS NULL")
    )
    op.drop_table("saved_card")
    op.drop_table("gateway_customer")
    op.drop_table("webhook_count")
    op.drop_index(
        "ix_gateway_event_due", table_name="gateway_event", postgresql_where=sa.text("status = 'received'")
    )
    op.drop_table("gateway_event")
    op.drop_table("gateway_check")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
