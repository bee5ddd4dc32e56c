"""Ledger, invoices, prices and taxes."""

import datetime as dt

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHECK_POSTING = """
CREATE FUNCTION check_posting() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account ledger_account%ROWTYPE;
    entry journal_entry%ROWTYPE;
    last_seq bigint;
    last_balance bigint;
BEGIN
    SELECT * INTO STRICT account FROM ledger_account WHERE id = NEW.account_id;
    SELECT * INTO STRICT entry FROM journal_entry WHERE id = NEW.entry_id;
    IF entry.written_in <> pg_current_xact_id()::text::bigint THEN
        RAISE EXCEPTION 'entry % was written by an earlier transaction', entry.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF entry.company_id <> account.company_id THEN
        RAISE EXCEPTION 'entry % and account % belong to different companies', entry.id, account.id
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT seq, balance_after_minor INTO last_seq, last_balance FROM posting
        WHERE account_id = NEW.account_id ORDER BY seq DESC LIMIT 1;
    IF NEW.seq <> coalesce(last_seq, 0) + 1
        OR NEW.balance_after_minor <> coalesce(last_balance, 0) + NEW.amount_minor THEN
        RAISE EXCEPTION 'posting does not continue account %', account.id USING ERRCODE = 'check_violation';
    END IF;
    IF account.kind IN ('cash', 'credit') AND NEW.balance_after_minor < 0 THEN
        RAISE EXCEPTION 'account % would be overdrawn', account.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$
"""

CHECK_ENTRY = """
CREATE FUNCTION check_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked bigint;
    parts bigint;
BEGIN
    IF TG_TABLE_NAME = 'posting' THEN checked := NEW.entry_id; ELSE checked := NEW.id; END IF;
    SELECT count(*) INTO parts FROM posting WHERE entry_id = checked;
    IF parts < 2 THEN
        RAISE EXCEPTION 'entry % has fewer than two postings', checked USING ERRCODE = 'check_violation';
    END IF;
    PERFORM 1 FROM posting JOIN ledger_account ON ledger_account.id = posting.account_id
        WHERE posting.entry_id = checked
        GROUP BY ledger_account.currency HAVING sum(posting.amount_minor) <> 0;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % does not sum to zero', checked USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

GUARD_INVOICE = """
CREATE FUNCTION guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lines bigint;
    taxed bigint;
    taxes bigint;
    course text[] := ARRAY['status', 'paid_at', 'voided_at', 'void_reason', 'credited_minor'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            RAISE EXCEPTION 'a document begins as a draft' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status = 'draft' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        IF NEW.status = 'draft' THEN RETURN NEW; END IF;
        IF NEW.status <> 'issued' THEN
            RAISE EXCEPTION 'a draft can only be issued' USING ERRCODE = 'restrict_violation';
        END IF;
        SELECT coalesce(sum(net_minor), 0) INTO lines FROM invoice_line WHERE invoice_id = NEW.id;
        SELECT coalesce(sum(net_minor), 0), coalesce(sum(tax_minor), 0) INTO taxed, taxes
            FROM invoice_tax WHERE invoice_id = NEW.id;
        IF lines <> NEW.net_minor OR taxed <> NEW.net_minor OR taxes <> NEW.tax_minor THEN
            RAISE EXCEPTION 'lines and taxes of document % do not make its totals', NEW.number
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - course <> to_jsonb(OLD) - course
        OR NEW.credited_minor < OLD.credited_minor
        OR (NEW.status <> OLD.status AND OLD.status <> 'issued')
        OR (NEW.status <> OLD.status AND NEW.status NOT IN ('paid', 'void')) THEN
        RAISE EXCEPTION 'document % is issued and cannot change', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

GUARD_PART = """
CREATE FUNCTION guard_invoice_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    parent bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN parent := NEW.invoice_id; ELSE parent := OLD.invoice_id; END IF;
    PERFORM 1 FROM invoice WHERE id = parent AND status = 'draft';
    IF NOT FOUND OR (TG_OP = 'UPDATE' AND NEW.invoice_id <> OLD.invoice_id) THEN
        RAISE EXCEPTION 'document % is issued and cannot change', parent USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$
"""

GUARD_SERIES = """
CREATE FUNCTION guard_number_series() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind <> OLD.kind OR NEW.year <> OLD.year OR NEW.last_number <> OLD.last_number + 1 THEN
        RAISE EXCEPTION 'a number series advances one by one' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

TRIGGERS = (
    "CREATE TRIGGER posting_continues BEFORE INSERT ON posting FOR EACH ROW EXECUTE FUNCTION check_posting()",
    "CREATE CONSTRAINT TRIGGER posting_sums_to_zero AFTER INSERT ON posting "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_entry()",
    "CREATE CONSTRAINT TRIGGER journal_entry_has_postings AFTER INSERT ON journal_entry "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_entry()",
    "CREATE TRIGGER invoice_frozen BEFORE INSERT OR UPDATE OR DELETE ON invoice "
    "FOR EACH ROW EXECUTE FUNCTION guard_invoice()",
    "CREATE TRIGGER invoice_line_frozen BEFORE INSERT OR UPDATE OR DELETE ON invoice_line "
    "FOR EACH ROW EXECUTE FUNCTION guard_invoice_part()",
    "CREATE TRIGGER invoice_tax_frozen BEFORE INSERT OR UPDATE OR DELETE ON invoice_tax "
    "FOR EACH ROW EXECUTE FUNCTION guard_invoice_part()",
    "CREATE TRIGGER number_series_advances BEFORE UPDATE ON number_series "
    "FOR EACH ROW EXECUTE FUNCTION guard_number_series()",
)
FUNCTIONS = ("check_posting", "check_entry", "guard_invoice", "guard_invoice_part", "guard_number_series")
APPEND_ONLY = ("ledger_account", "journal_entry", "posting", "settlement")
NEVER_EMPTIED = ("invoice", "invoice_line", "invoice_tax", "number_series")

# Two charges of one service may not overlap. A range of one number stands for equality, so that plain GiST
# suffices and no extension is needed.
NO_OVERLAP = """
ALTER TABLE service_charge ADD CONSTRAINT ex_service_charge_periods_overlap EXCLUDE USING gist (
    int8range(service_id, service_id, '[]') WITH &&, daterange(period_start, period_end) WITH &&
) WHERE (released_at IS NULL)
"""

# Standard rates in basis points and since when, as far as a document of 2021 or later can need them.
# Sources: Council Directive 2006/112/EC and the national acts; "Taxes in Europe" database of the Commission.
RATES = {
    "AT": {"2021-01-01": 2000}, "BE": {"2021-01-01": 2100}, "BG": {"2021-01-01": 2000},
    "CY": {"2021-01-01": 1900}, "CZ": {"2021-01-01": 2100}, "DE": {"2021-01-01": 1900},
    "DK": {"2021-01-01": 2500}, "EE": {"2021-01-01": 2000, "2024-01-01": 2200, "2025-07-01": 2400},
    "ES": {"2021-01-01": 2100}, "FI": {"2021-01-01": 2400, "2024-09-01": 2550}, "FR": {"2021-01-01": 2000},
    "GR": {"2021-01-01": 2400}, "HR": {"2021-01-01": 2500}, "HU": {"2021-01-01": 2700},
    "IE": {"2021-01-01": 2100, "2021-03-01": 2300}, "IT": {"2021-01-01": 2200}, "LT": {"2021-01-01": 2100},
    "LU": {"2021-01-01": 1700, "2023-01-01": 1600, "2024-01-01": 1700}, "LV": {"2021-01-01": 2100},
    "MT": {"2021-01-01": 1800}, "NL": {"2021-01-01": 2100}, "PL": {"2021-01-01": 2300},
    "PT": {"2021-01-01": 2300}, "RO": {"2021-01-01": 1900, "2025-08-01": 2100}, "SE": {"2021-01-01": 2500},
    "SI": {"2021-01-01": 2200}, "SK": {"2021-01-01": 2000, "2025-01-01": 2300},
    "AR": {"2021-01-01": 2100}, "CH": {"2021-01-01": 770, "2024-01-01": 810}, "GB": {"2021-01-01": 2000},
    "NO": {"2021-01-01": 2500}, "UA": {"2021-01-01": 2000},
}  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "billing_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("companies", sa.Integer(), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("totals", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('renewal', 'auto_pay', 'cost_snapshot')", name=op.f("ck_billing_run_kind_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_run")),
    )
    op.create_index("ix_billing_run_kind", "billing_run", ["kind", "id"], unique=False)
    op.create_table(
        "number_series",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint(
            "kind IN ('invoice', 'topup', 'credit_note')", name=op.f("ck_number_series_kind_known")
        ),
        sa.PrimaryKeyConstraint("kind", "year", name=op.f("pk_number_series")),
    )
    op.create_table(
        "tax_rate",
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.CheckConstraint("rate_bp BETWEEN 0 AND 10000", name=op.f("ck_tax_rate_rate_range")),
        sa.PrimaryKeyConstraint("country", "valid_from", name=op.f("pk_tax_rate")),
    )
    op.create_table(
        "billing_profile",
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("legal_name", sa.String(), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("tax_id", sa.String(), nullable=False),
        sa.Column("tax_id_status", sa.String(), nullable=False),
        sa.Column("tax_id_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_business", sa.Boolean(), nullable=False),
        sa.Column("billing_email", sa.String(), nullable=False),
        sa.Column("comfort_buffer_minor", sa.BigInteger(), nullable=False),
        sa.Column("auto_pay", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(tax_id = '') = (tax_id_status = 'none')", name=op.f("ck_billing_profile_tax_id_has_status")
        ),
        sa.CheckConstraint(
            "tax_id_status IN ('none', 'pending', 'valid', 'invalid')",
            name=op.f("ck_billing_profile_tax_id_status_known"),
        ),
        sa.CheckConstraint("comfort_buffer_minor >= 0", name=op.f("ck_billing_profile_buffer_not_negative")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_billing_profile_company_id")),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_billing_profile")),
    )
    op.create_table(
        "cost_snapshot",
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("year_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("year_minor >= 0", name=op.f("ck_cost_snapshot_cost_not_negative")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_cost_snapshot_company_id")),
        sa.PrimaryKeyConstraint("company_id", "on_day", "currency", name=op.f("pk_cost_snapshot")),
    )
    op.create_table(
        "invoice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("series_year", sa.Integer(), nullable=True),
        sa.Column("series_number", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("credited_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_scheme", sa.String(), nullable=False),
        sa.Column("tax_reason_msgid", sa.String(), nullable=False),
        sa.Column("note_msgid", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(), nullable=False),
        sa.Column("credits_id", sa.BigInteger(), nullable=True),
        sa.Column("seller", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("buyer", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'credit_note') = (credits_id IS NOT NULL)", name=op.f("ck_invoice_credit_note_credits")
        ),
        sa.CheckConstraint(
            "(status = 'draft') = (issued_at IS NULL)", name=op.f("ck_invoice_issued_at_from_issue_on")
        ),
        sa.CheckConstraint(
            "(status = 'draft') = (number IS NULL)", name=op.f("ck_invoice_number_from_issue_on")
        ),
        sa.CheckConstraint(
            "(status = 'paid') = (paid_at IS NOT NULL)", name=op.f("ck_invoice_paid_has_time")
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_invoice_currency_iso4217")),
        sa.CheckConstraint("kind IN ('invoice', 'topup', 'credit_note')", name=op.f("ck_invoice_kind_known")),
        sa.CheckConstraint(
            "status IN ('draft', 'issued', 'paid', 'void')", name=op.f("ck_invoice_status_known")
        ),
        sa.CheckConstraint(
            "tax_scheme IN ('domestic', 'reverse_charge', 'consumer', 'outside_scope', 'prepaid')",
            name=op.f("ck_invoice_tax_scheme_known"),
        ),
        sa.CheckConstraint(
            "credited_minor BETWEEN 0 AND total_minor", name=op.f("ck_invoice_credited_at_most_once")
        ),
        sa.CheckConstraint("due_on >= issued_on", name=op.f("ck_invoice_due_after_issue")),
        sa.CheckConstraint("net_minor >= 0 AND tax_minor >= 0", name=op.f("ck_invoice_amounts_not_negative")),
        sa.CheckConstraint("total_minor = net_minor + tax_minor", name=op.f("ck_invoice_total_is_sum")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_invoice_company_id")),
        sa.ForeignKeyConstraint(["credits_id"], ["invoice.id"], name=op.f("fk_invoice_credits_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("kind", "series_year", "series_number", name="uq_invoice_series"),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
    )
    op.create_index("ix_invoice_company", "invoice", ["company_id", "id"], unique=False)
    op.create_index(
        "ix_invoice_credits",
        "invoice",
        ["credits_id"],
        unique=False,
        postgresql_where=sa.text("credits_id IS NOT NULL"),
    )
    op.create_index(
        "ix_invoice_open",
        "invoice",
        ["company_id", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'issued'"),
    )
    op.create_index(
        "ix_invoice_open_due",
        "invoice",
        ["due_on", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'issued'"),
    )
    op.create_index(
        "ix_invoice_paid",
        "invoice",
        ["company_id", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'paid'"),
    )
    op.create_index(
        "ix_invoice_void",
        "invoice",
        ["company_id", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'void'"),
    )
    op.create_index("ix_invoice_company_kind", "invoice", ["company_id", "kind", "id"], unique=False)
    op.create_table(
        "ledger_account",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_ledger_account_currency_iso4217")),
        sa.CheckConstraint(
            "kind IN ('cash', 'credit', 'receivable', 'revenue', 'tax', 'gateway', 'fees', 'grants', 'refunds_due')",
            name=op.f("ck_ledger_account_kind_known"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_ledger_account_company_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_account")),
        sa.UniqueConstraint("company_id", "currency", "kind", name="uq_ledger_account_company_id"),
    )
    op.create_table(
        "plan_price",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_plan_price_currency_iso4217")),
        sa.CheckConstraint("term IN ('hour', 'month', 'year')", name=op.f("ck_plan_price_term_known")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_plan_price_price_not_negative")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_price_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_price")),
        sa.UniqueConstraint("plan_id", "currency", "term", "valid_from", name="uq_plan_price_dated"),
    )
    op.create_table(
        "balance_flag",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('invoice_was_paid', 'invoice_was_void', 'invoice_costs_more')",
            name=op.f("ck_balance_flag_kind_known"),
        ),
        sa.ForeignKeyConstraint(["cleared_by_id"], ["person.id"], name=op.f("fk_balance_flag_cleared_by_id")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_balance_flag_company_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_balance_flag_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_balance_flag")),
        sa.UniqueConstraint("key", name=op.f("uq_balance_flag_key")),
    )
    op.create_index(
        "ix_balance_flag_open",
        "balance_flag",
        ["company_id", "id"],
        unique=False,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_table(
        "billing_run_error",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_billing_run_error_company_id")),
        sa.ForeignKeyConstraint(["run_id"], ["billing_run.id"], name=op.f("fk_billing_run_error_run_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_billing_run_error_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_run_error")),
    )
    op.create_index(op.f("ix_billing_run_error_run_id"), "billing_run_error", ["run_id"], unique=False)
    op.create_table(
        "invoice_line",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("text_msgid", sa.String(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(period_start IS NULL) = (period_end IS NULL)", name=op.f("ck_invoice_line_period_whole")
        ),
        sa.CheckConstraint(
            "net_minor = quantity * unit_price_minor", name=op.f("ck_invoice_line_net_is_product")
        ),
        sa.CheckConstraint("period_end > period_start", name=op.f("ck_invoice_line_period_not_empty")),
        sa.CheckConstraint(
            "quantity > 0 AND unit_price_minor >= 0", name=op.f("ck_invoice_line_amounts_not_negative")
        ),
        sa.CheckConstraint("tax_rate_bp BETWEEN 0 AND 10000", name=op.f("ck_invoice_line_tax_rate_range")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_line_invoice_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_invoice_line_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_line")),
        sa.UniqueConstraint("invoice_id", "position", name="uq_invoice_line_position"),
    )
    op.create_index(
        "ix_invoice_line_service",
        "invoice_line",
        ["service_id"],
        unique=False,
        postgresql_where=sa.text("service_id IS NOT NULL"),
    )
    op.create_table(
        "invoice_tax",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "net_minor >= 0 AND tax_minor >= 0", name=op.f("ck_invoice_tax_amounts_not_negative")
        ),
        sa.CheckConstraint("rate_bp BETWEEN 0 AND 10000", name=op.f("ck_invoice_tax_rate_range")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_tax_invoice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_tax")),
        sa.UniqueConstraint("invoice_id", "rate_bp", name="uq_invoice_tax_rate"),
    )
    op.create_table(
        "invoices_seen",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_invoices_seen_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_invoices_seen")),
    )
    op.create_table(
        "journal_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("memo", sa.String(), nullable=False),
        sa.Column("reverses_id", sa.BigInteger(), nullable=True),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "written_in",
            sa.BigInteger(),
            server_default=sa.text("((pg_current_xact_id())::text)::bigint"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind IN ('topup', 'charge', 'payment', 'grant', 'credit_note', 'refund', 'refund_paid', 'reversal')",
            name=op.f("ck_journal_entry_kind_known"),
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["person.id"], name=op.f("fk_journal_entry_actor_id")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_journal_entry_company_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_journal_entry_invoice_id")),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["journal_entry.id"], name=op.f("fk_journal_entry_reverses_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_entry")),
        sa.UniqueConstraint("key", name=op.f("uq_journal_entry_key")),
    )
    op.create_index("ix_journal_entry_company", "journal_entry", ["company_id", "at", "id"], unique=False)
    op.create_index("ix_journal_entry_at", "journal_entry", ["at", "id"], unique=False)
    op.create_index(
        "ix_journal_entry_invoice",
        "journal_entry",
        ["invoice_id"],
        unique=False,
        postgresql_where=sa.text("invoice_id IS NOT NULL"),
    )
    op.create_index(
        "ix_journal_entry_reverses",
        "journal_entry",
        ["reverses_id"],
        unique=False,
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.create_table(
        "service_charge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=True),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("period_end > period_start", name=op.f("ck_service_charge_period_not_empty")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_service_charge_price_not_negative")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_service_charge_company_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_service_charge_invoice_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_service_charge_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_charge")),
    )
    op.create_index(op.f("ix_service_charge_company_id"), "service_charge", ["company_id"], unique=False)
    op.create_index(
        "ix_service_charge_invoice",
        "service_charge",
        ["invoice_id"],
        unique=False,
        postgresql_where=sa.text("invoice_id IS NOT NULL"),
    )
    op.create_index(
        "uq_service_charge_period",
        "service_charge",
        ["service_id", "period_start"],
        unique=True,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "posting",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("balance_after_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_posting_amount_not_zero")),
        sa.CheckConstraint("seq > 0", name=op.f("ck_posting_seq_from_one")),
        sa.ForeignKeyConstraint(["account_id"], ["ledger_account.id"], name=op.f("fk_posting_account_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entry.id"], name=op.f("fk_posting_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        sa.UniqueConstraint("account_id", "seq", name="uq_posting_account_id"),
    )
    op.create_index(op.f("ix_posting_entry_id"), "posting", ["entry_id"], unique=False)
    op.create_table(
        "settlement",
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("credit_minor", sa.BigInteger(), nullable=False),
        sa.Column("cash_minor", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["journal_entry.id"], name=op.f("fk_settlement_entry_id")),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_settlement_invoice_id")),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_settlement")),
    )
    op.create_index(op.f("ix_settlement_entry_id"), "settlement", ["entry_id"], unique=False)
    op.add_column("service", sa.Column("anchor_day", sa.Integer(), nullable=True))
    op.add_column("service", sa.Column("charged_through", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_service_anchor_day_of_month"), "service", "anchor_day BETWEEN 1 AND 31"
    )
    op.execute(NO_OVERLAP)
    for function in (CHECK_POSTING, CHECK_ENTRY, GUARD_INVOICE, GUARD_PART, GUARD_SERIES):
        op.execute(function)
    for trigger in TRIGGERS:
        op.execute(trigger)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in NEVER_EMPTIED:
        op.execute(
            f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER number_series_kept BEFORE DELETE ON number_series "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    _fill_rates()


def _fill_rates() -> None:
    table = sa.table("tax_rate", sa.column("country"), sa.column("valid_from", sa.Date), sa.column("rate_bp"))
    rows = [
        {"country": country, "valid_from": dt.date.fromisoformat(day), "rate_bp": rate}
        for country, dated in RATES.items()
        for day, rate in dated.items()
    ]
    op.bulk_insert(table, rows)


def downgrade() -> None:
    op.drop_column("service", "charged_through")
    op.drop_column("service", "anchor_day")
    op.drop_index(op.f("ix_settlement_entry_id"), table_name="settlement")
    op.drop_table("settlement")
    op.drop_index(op.f("ix_posting_entry_id"), table_name="posting")
    op.drop_table("posting")
    op.drop_index(
        "uq_service_charge_period",
        table_name="service_charge",
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_index(
        "ix_service_charge_invoice",
        table_name="service_charge",
        postgresql_where=sa.text("invoice_id IS NOT NULL"),
    )
    op.drop_index(op.f("ix_service_charge_company_id"), table_name="service_charge")
    op.drop_table("service_charge")
    op.drop_index(
        "ix_journal_entry_reverses",
        table_name="journal_entry",
        postgresql_where=sa.text("reverses_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_journal_entry_invoice",
        table_name="journal_entry",
        postgresql_where=sa.text("invoice_id IS NOT NULL"),
    )
    op.drop_index("ix_journal_entry_at", table_name="journal_entry")
    op.drop_index("ix_journal_entry_company", table_name="journal_entry")
    op.drop_table("journal_entry")
    op.drop_table("invoices_seen")
    op.drop_table("invoice_tax")
    op.drop_index(
        "ix_invoice_line_service",
        table_name="invoice_line",
        postgresql_where=sa.text("service_id IS NOT NULL"),
    )
    op.drop_table("invoice_line")
    op.drop_index(op.f("ix_billing_run_error_run_id"), table_name="billing_run_error")
    op.drop_table("billing_run_error")
    op.drop_index(
        "ix_balance_flag_open", table_name="balance_flag", postgresql_where=sa.text("cleared_at IS NULL")
    )
    op.drop_table("balance_flag")
    op.drop_table("plan_price")
    op.drop_table("ledger_account")
    op.drop_index("ix_invoice_paid", table_name="invoice", postgresql_where=sa.text("status = 'paid'"))
    op.drop_index("ix_invoice_void", table_name="invoice", postgresql_where=sa.text("status = 'void'"))
    op.drop_index("ix_invoice_company_kind", table_name="invoice")
    op.drop_index("ix_invoice_open_due", table_name="invoice", postgresql_where=sa.text("status = 'issued'"))
    op.drop_index("ix_invoice_open", table_name="invoice", postgresql_where=sa.text("status = 'issued'"))
    op.drop_index(
        "ix_invoice_credits", table_name="invoice", postgresql_where=sa.text("credits_id IS NOT NULL")
    )
    op.drop_index("ix_invoice_company", table_name="invoice")
    op.drop_table("invoice")
    op.drop_table("cost_snapshot")
    op.drop_table("billing_profile")
    op.drop_table("tax_rate")
    op.drop_table("number_series")
    op.drop_index("ix_billing_run_kind", table_name="billing_run")
    op.drop_table("billing_run")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}()")
