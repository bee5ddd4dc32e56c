"""Consoles: grants, screens, serial logs of jobs, temporary users of BMCs."""

import datetime as dt

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Whoever suspends a service or hands a server on, by whatever code: its consoles end in the same transaction,
# and the gateway hears of it as that commits.
FUNCTIONS = (
    """
    CREATE FUNCTION end_console_grants(of_service bigint, of_server bigint, why text) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE ended record;
    BEGIN
        FOR ended IN
            SELECT id, server_id, status FROM console_grant
            WHERE status <> 'ended' AND (service_id = of_service OR server_id = of_server)
            ORDER BY id FOR UPDATE
        LOOP
            UPDATE console_grant SET status = 'ended', is_writer = false, ended_at = now(), end_reason = why
            WHERE id = ended.id;
            INSERT INTO status_change (machine, object_id, from_status, to_status, reason, at)
            VALUES ('console_grant', ended.id, ended.status, 'ended', why, now());
            PERFORM pg_notify('opsportal_live', format('["server:%s:console"]', ended.server_id));
        END LOOP;
    END $$
    """,
    # What the BMC must be asked to forget: the row says so at once, and a worker is woken.
    """
    CREATE FUNCTION end_bmc_accesses(of_service bigint, of_server bigint, why text) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE ended record;
    BEGIN
        FOR ended IN
            SELECT id, server_id, status FROM bmc_access
            WHERE status IN ('asked', 'ready') AND (service_id = of_service OR server_id = of_server)
            ORDER BY id FOR UPDATE
        LOOP
            UPDATE bmc_access
            SET status = 'ending', password = NULL, end_reason = why, ending_at = now(), attempts = 0, due_at = NULL
            WHERE id = ended.id;
            INSERT INTO status_change (machine, object_id, from_status, to_status, reason, at)
            VALUES ('bmc_access', ended.id, ended.status, 'ending', why, now());
            INSERT INTO outbox (queue, task, ref, created_at) VALUES ('hardware', 'bmc_access', ended.id, now());
            PERFORM pg_notify('opsportal_outbox', '');
            PERFORM pg_notify('opsportal_live', format('["server:%s:console"]', ended.server_id));
        END LOOP;
    END $$
    """,
    """
    CREATE FUNCTION end_consoles_of_service() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM end_console_grants(NEW.id, NULL, 'service_' || NEW.status);
        PERFORM end_bmc_accesses(NEW.id, NULL, 'service_' || NEW.status);
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION end_consoles_of_server() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM end_console_grants(NULL, NEW.id, 'server_transferred');
        PERFORM end_bmc_accesses(NULL, NEW.id, 'server_transferred');
        RETURN NULL;
    END $$
    """,
)
TRIGGERS = (
    """
    CREATE TRIGGER service_ends_consoles AFTER UPDATE OF status ON service
    FOR EACH ROW WHEN (OLD.status = 'active' AND NEW.status <> 'active')
    EXECUTE FUNCTION end_consoles_of_service()
    """,
    """
    CREATE TRIGGER server_ends_consoles AFTER UPDATE OF service_id ON server
    FOR EACH ROW WHEN (OLD.service_id IS DISTINCT FROM NEW.service_id)
    EXECUTE FUNCTION end_consoles_of_server()
    """,
)


def upgrade() -> None:
    op.create_table(
        "console_grant",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_hash", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=False),
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("company_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_writer", sa.Boolean(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('serial', 'screen')", name=op.f("ck_console_grant_kind_known")),
        sa.CheckConstraint(
            "status IN ('granted', 'attached', 'ended')", name=op.f("ck_console_grant_status_known")
        ),
        sa.CheckConstraint(
            "(status = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_console_grant_ended_has_time")
        ),
        sa.CheckConstraint(
            "(status = 'ended') = (end_reason IS NOT NULL)", name=op.f("ck_console_grant_ended_has_reason")
        ),
        sa.CheckConstraint(
            "status <> 'attached' OR attached_at IS NOT NULL", name=op.f("ck_console_grant_attached_has_time")
        ),
        sa.CheckConstraint(
            "NOT is_writer OR status = 'attached'", name=op.f("ck_console_grant_writer_is_attached")
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{column}"], [f"{table}.id"], name=op.f(f"fk_console_grant_{column}_{table}")
            )
            for column, table in (
                ("person_id", "person"),
                ("session_id", "login_session"),
                ("server_id", "server"),
                ("service_id", "service"),
                ("company_id", "company"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_grant")),
        sa.UniqueConstraint("ticket_hash", name=op.f("uq_console_grant_ticket_hash")),
    )
    op.create_index(
        "uq_console_grant_writer",
        "console_grant",
        ["server_id", "kind"],
        unique=True,
        postgresql_where=sa.text("is_writer"),
    )
    op.create_index("ix_console_grant_server", "console_grant", ["server_id", "id"])
    for column in ("session", "person", "service"):
        op.create_index(
            f"ix_console_grant_{column}_open",
            "console_grant",
            [f"{column}_id"],
            postgresql_where=sa.text("status <> 'ended'"),
        )
    op.create_table(
        "server_screen",
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_server_screen_server_id_server")),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_server_screen")),
    )
    op.create_table(
        "serial_log",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("is_cut", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("size BETWEEN 0 AND 524288", name=op.f("ck_serial_log_size_bounded")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["hardware_job.id"], name=op.f("fk_serial_log_job_id_hardware_job")
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_serial_log")),
    )
    op.create_table(
        "serial_chunk",
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.CheckConstraint("length(body) BETWEEN 1 AND 16384", name=op.f("ck_serial_chunk_body_bounded")),
        sa.ForeignKeyConstraint(
            ["job_id"], ["serial_log.job_id"], name=op.f("fk_serial_chunk_job_id_serial_log")
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_serial_chunk")),
    )
    op.add_column("bmc", sa.Column("console_kind", sa.String(), nullable=True))
    _bmc_access()
    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(statement)


def _bmc_access() -> None:
    def when(name: str, *, default_now: bool = False) -> sa.Column[dt.datetime]:
        default = sa.text("now()") if default_now else None
        return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not default_now)

    references = {
        "server_id": "server", "service_id": "service", "company_id": "company", "person_id": "person",
        "session_id": "login_session",
    }  # fmt: skip
    checks = {
        "status_known": "status IN ('asked', 'ready', 'ending', 'stuck', 'gone')",
        "password_until_shown": "(password IS NOT NULL) = (status IN ('asked', 'ready') AND shown_at IS NULL)",
        "ready_was_made": "status <> 'ready' OR (is_sent AND ready_at IS NOT NULL)",
        "ended_has_reason": "(status IN ('asked', 'ready')) = (end_reason IS NULL)",
        "ended_has_time": "(end_reason IS NULL) = (ending_at IS NULL)",
        "gone_has_time": "(status = 'gone') = (gone_at IS NOT NULL)",
        "username_fits": "length(username) BETWEEN 1 AND 16",
    }
    op.create_table(
        "bmc_access",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=name in ("service_id", "company_id"))
            for name in references
        ),
        sa.Column("person_name", sa.String(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("is_sent", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        when("held_until"), when("due_at"), when("woken_at"), when("asked_at", default_now=True),
        when("ready_at"), when("shown_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        when("ending_at"),
        sa.Column("end_reason", sa.String(), nullable=True),
        when("gone_at"),
        sa.Column("outcome_code", sa.String(), nullable=True),
        *(
            sa.CheckConstraint(condition, name=op.f(f"ck_bmc_access_{name}"))
            for name, condition in checks.items()
        ),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=op.f(f"fk_bmc_access_{name}_{table}"))
            for name, table in references.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bmc_access")),
        sa.UniqueConstraint("username", name=op.f("uq_bmc_access_username")),
    )  # fmt: skip
    not_gone = sa.text("status <> 'gone'")
    op.create_index(
        "uq_bmc_access_session", "bmc_access", ["server_id", "session_id"], unique=True,
        postgresql_where=not_gone,
    )  # fmt: skip
    op.create_index("ix_bmc_access_server", "bmc_access", ["server_id", "id"])
    op.create_index("ix_bmc_access_left", "bmc_access", ["id"], postgresql_where=not_gone)


def downgrade() -> None:
    op.execute("DROP TRIGGER server_ends_consoles ON server")
    op.execute("DROP TRIGGER service_ends_consoles ON service")
    for function in ("end_consoles_of_server()", "end_consoles_of_service()",
                     "end_bmc_accesses(bigint, bigint, text)",
                     "end_console_grants(bigint, bigint, text)"):  # fmt: skip
        op.execute(f"DROP FUNCTION {function}")
    for table in ("bmc_access", "serial_chunk", "serial_log", "server_screen", "console_grant"):
        op.drop_table(table)
    op.drop_column("bmc", "console_kind")
