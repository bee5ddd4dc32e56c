"""Consoles: grants, screens, serial logs of jobs."""

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
    """
    CREATE FUNCTION end_consoles_of_service() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM end_console_grants(NEW.id, NULL, 'service_' || NEW.status);
        RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION end_consoles_of_server() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM end_console_grants(NULL, NEW.id, 'server_transferred');
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
    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER server_ends_consoles ON server")
    op.execute("DROP TRIGGER service_ends_consoles ON service")
    for function in ("end_consoles_of_server()", "end_consoles_of_service()",
                     "end_console_grants(bigint, bigint, text)"):  # fmt: skip
        op.execute(f"DROP FUNCTION {function}")
    for table in ("serial_chunk", "serial_log", "server_screen", "console_grant"):
        op.drop_table(table)
