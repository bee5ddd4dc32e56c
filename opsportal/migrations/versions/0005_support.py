"""Tickets, attachments and mails."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FUNCTIONS = (
    # The order of a ticket is one of its company's. Locked, so that it cannot be handed on meanwhile.
    """
    CREATE FUNCTION check_ticket_service() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.service_id IS NOT NULL THEN
            PERFORM 1 FROM service WHERE id = NEW.service_id AND company_id = NEW.company_id FOR SHARE;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'the service is not the company''s' USING ERRCODE = 'foreign_key_violation';
            END IF;
        END IF;
        RETURN NEW;
    END $$
    """,
    # A client cannot have written a note, and a side is what its author's role says.
    """
    CREATE FUNCTION check_ticket_note_author() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM person WHERE id = NEW.author_id AND role <> 'client';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a note is written by staff' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION check_ticket_message_author() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM person p JOIN ticket t ON t.id = NEW.ticket_id
        WHERE p.id = NEW.author_id
          AND CASE NEW.side WHEN 'client' THEN p.company_id = t.company_id ELSE p.company_id IS NULL END;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a message is written by the company or by staff' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    # Only staff can owe the reading of a note; whoever takes part for the client is of its company.
    """
    CREATE FUNCTION check_ticket_reader() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM person p JOIN ticket t ON t.id = NEW.ticket_id
        WHERE p.id = NEW.person_id AND (p.company_id = t.company_id
              OR (TG_TABLE_NAME = 'ticket_unread' AND p.company_id IS NULL));
        IF NOT FOUND THEN
            RAISE EXCEPTION 'not a person of this ticket' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION check_unread_note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM person WHERE id = NEW.person_id AND role <> 'client';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a note is read by staff' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION count_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            UPDATE ticket_tally SET open_count = open_count - OLD.is_open::int,
                                    ended_count = ended_count - (NOT OLD.is_open)::int
            WHERE company_id = OLD.company_id;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO ticket_tally (company_id, open_count, ended_count)
            VALUES (NEW.company_id, NEW.is_open::int, (NOT NEW.is_open)::int)
            ON CONFLICT (company_id) DO UPDATE
            SET open_count = ticket_tally.open_count + EXCLUDED.open_count,
                ended_count = ticket_tally.ended_count + EXCLUDED.ended_count;
        END IF;
        RETURN NULL;
    END $$
    """,
)
TRIGGERS = (
    "CREATE TRIGGER ticket_service BEFORE INSERT OR UPDATE OF service_id, company_id ON ticket"
    " FOR EACH ROW EXECUTE FUNCTION check_ticket_service()",
    "CREATE TRIGGER ticket_note_author BEFORE INSERT ON ticket_note"
    " FOR EACH ROW EXECUTE FUNCTION check_ticket_note_author()",
    "CREATE TRIGGER ticket_message_author BEFORE INSERT ON ticket_message"
    " FOR EACH ROW EXECUTE FUNCTION check_ticket_message_author()",
    "CREATE TRIGGER ticket_person_company BEFORE INSERT OR UPDATE ON ticket_person"
    " FOR EACH ROW EXECUTE FUNCTION check_ticket_reader()",
    "CREATE TRIGGER ticket_unread_reader BEFORE INSERT OR UPDATE ON ticket_unread"
    " FOR EACH ROW EXECUTE FUNCTION check_ticket_reader()",
    "CREATE TRIGGER ticket_unread_note BEFORE INSERT OR UPDATE ON ticket_unread"
    " FOR EACH ROW WHEN (NEW.message_id IS NULL) EXECUTE FUNCTION check_unread_note()",
    "CREATE TRIGGER ticket_counted_new AFTER INSERT OR DELETE ON ticket"
    " FOR EACH ROW EXECUTE FUNCTION count_ticket()",
    "CREATE TRIGGER ticket_counted_changed AFTER UPDATE ON ticket FOR EACH ROW"
    " WHEN (OLD.is_open IS DISTINCT FROM NEW.is_open OR OLD.company_id <> NEW.company_id)"
    " EXECUTE FUNCTION count_ticket()",
    # What was sent with a message or a note stays there, as it was.
    "CREATE TRIGGER attachment_sent BEFORE UPDATE OR DELETE ON attachment FOR EACH ROW"
    " WHEN (OLD.message_id IS NOT NULL OR OLD.note_id IS NOT NULL) EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER attachment_content_same BEFORE UPDATE ON attachment_content"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    # The archive says what was written; only the delivery of a mail has a history.
    "CREATE TRIGGER mail_same BEFORE UPDATE ON mail FOR EACH ROW WHEN"
    " ((OLD.key, OLD.kind, OLD.person_id, OLD.company_id, OLD.to_address, OLD.to_name, OLD.locale, OLD.subject,"
    " OLD.body_text, OLD.body_html, OLD.message_ref, OLD.about_kind, OLD.about_id, OLD.ticket_message_id)"
    " IS DISTINCT FROM"
    " (NEW.key, NEW.kind, NEW.person_id, NEW.company_id, NEW.to_address, NEW.to_name, NEW.locale, NEW.subject,"
    " NEW.body_text, NEW.body_html, NEW.message_ref, NEW.about_kind, NEW.about_id, NEW.ticket_message_id))"
    " EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER mail_kept BEFORE DELETE OR TRUNCATE ON mail"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)
APPEND_ONLY = ("ticket_message", "ticket_note", "mail_enclosure")


def upgrade() -> None:
    op.create_table(
        "mail_relay",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("down_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_relay_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_relay")),
    )
    op.create_table(
        "ticket_tally",
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("open_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ended_count", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_ticket_tally_company_id")),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_ticket_tally")),
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("company_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("importance", sa.String(), nullable=False),
        sa.Column("service_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column(
            "is_open",
            sa.Boolean(),
            sa.Computed("status NOT IN ('resolved', 'closed')", persisted=True),
            nullable=False,
        ),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "last_message_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("last_side", sa.String(), nullable=False),
        sa.Column("last_author_name", sa.String(), nullable=False),
        sa.Column("message_count", sa.Integer(), nullable=False),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(resolved_at IS NOT NULL) = (status IN ('resolved', 'closed'))",
            name=op.f("ck_ticket_resolved_has_time"),
        ),
        sa.CheckConstraint("department IN ('technical', 'finance')", name=op.f("ck_ticket_department_known")),
        sa.CheckConstraint("importance IN ('normal', 'high')", name=op.f("ck_ticket_importance_known")),
        sa.CheckConstraint("last_side IN ('client', 'staff')", name=op.f("ck_ticket_last_side_known")),
        sa.CheckConstraint(
            "status IN ('new', 'open', 'waiting', 'resolved', 'reopened', 'closed')",
            name=op.f("ck_ticket_status_known"),
        ),
        sa.CheckConstraint("subject !~ '[[:cntrl:]]'", name=op.f("ck_ticket_subject_one_line")),
        sa.CheckConstraint(
            "waiting_since IS NULL OR status IN ('new', 'open', 'reopened')",
            name=op.f("ck_ticket_waits_only_when_open"),
        ),
        sa.CheckConstraint("char_length(subject) BETWEEN 1 AND 200", name=op.f("ck_ticket_subject_length")),
        sa.ForeignKeyConstraint(["assignee_id"], ["person.id"], name=op.f("fk_ticket_assignee_id")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_ticket_author_id")),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_ticket_company_id")),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_ticket_service_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
    )
    op.create_index(
        "ix_ticket_assignee", "ticket", ["assignee_id"], unique=False, postgresql_where=sa.text("is_open")
    )
    op.create_index(op.f("ix_ticket_author_id"), "ticket", ["author_id"], unique=False)
    op.create_index(
        "ix_ticket_company_tab",
        "ticket",
        ["company_id", "is_open", sa.literal_column("last_message_at DESC"), sa.literal_column("id DESC")],
        unique=False,
    )
    op.create_index(
        "ix_ticket_desk",
        "ticket",
        ["importance", "waiting_since", "id"],
        unique=False,
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("ix_ticket_ending", "ticket", ["status", "last_message_at"], unique=False)
    op.create_index("ix_ticket_service", "ticket", ["service_id", "id"], unique=False)
    op.create_table(
        "ticket_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("side IN ('client', 'staff')", name=op.f("ck_ticket_message_side_known")),
        sa.CheckConstraint(
            "char_length(body) BETWEEN 1 AND 20000", name=op.f("ck_ticket_message_body_length")
        ),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_ticket_message_author_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_message_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_message")),
    )
    op.create_index(op.f("ix_ticket_message_author_id"), "ticket_message", ["author_id"], unique=False)
    op.create_index("ix_ticket_message_ticket", "ticket_message", ["ticket_id", "id"], unique=False)
    op.create_table(
        "ticket_note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(body) BETWEEN 1 AND 20000", name=op.f("ck_ticket_note_body_length")),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_ticket_note_author_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_note_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_note")),
    )
    op.create_index(op.f("ix_ticket_note_author_id"), "ticket_note", ["author_id"], unique=False)
    op.create_index("ix_ticket_note_ticket", "ticket_note", ["ticket_id", "id"], unique=False)
    op.create_table(
        "ticket_person",
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ticket_person_person_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_person_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "person_id", name=op.f("pk_ticket_person")),
    )
    op.create_index(op.f("ix_ticket_person_person_id"), "ticket_person", ["person_id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("uploader_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("note_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(name) BETWEEN 1 AND 120", name=op.f("ck_attachment_name_length")),
        sa.CheckConstraint("num_nonnulls(message_id, note_id) <= 1", name=op.f("ck_attachment_one_home")),
        sa.CheckConstraint("size BETWEEN 1 AND 10485760", name=op.f("ck_attachment_size_limit")),
        sa.ForeignKeyConstraint(["message_id"], ["ticket_message.id"], name=op.f("fk_attachment_message_id")),
        sa.ForeignKeyConstraint(["note_id"], ["ticket_note.id"], name=op.f("fk_attachment_note_id")),
        sa.ForeignKeyConstraint(["uploader_id"], ["person.id"], name=op.f("fk_attachment_uploader_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(
        "ix_attachment_message",
        "attachment",
        ["message_id"],
        unique=False,
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_index(
        "ix_attachment_note",
        "attachment",
        ["note_id"],
        unique=False,
        postgresql_where=sa.text("note_id IS NOT NULL"),
    )
    op.create_index(
        "ix_attachment_unsent",
        "attachment",
        ["uploader_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("message_id IS NULL AND note_id IS NULL"),
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("company_id", sa.BigInteger(), nullable=True),
        sa.Column("to_address", sa.String(), nullable=False),
        sa.Column("to_name", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body_text", sa.String(), nullable=False),
        sa.Column("body_html", sa.String(), nullable=False),
        sa.Column("message_ref", sa.String(), nullable=False),
        sa.Column("reply_to_ref", sa.String(), nullable=False),
        sa.Column("thread_refs", sa.String(), nullable=False),
        sa.Column("about_kind", sa.String(), nullable=False),
        sa.Column("about_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_message_id", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome_code", sa.String(), nullable=True),
        sa.Column("smtp_code", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'sending') = (lease_until IS NOT NULL)", name=op.f("ck_mail_sending_has_lease")
        ),
        sa.CheckConstraint("(status = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_mail_sent_has_time")),
        sa.CheckConstraint(
            "status IN ('waiting', 'sending', 'sent', 'undeliverable')", name=op.f("ck_mail_status_known")
        ),
        sa.CheckConstraint("subject !~ '[[:cntrl:]]'", name=op.f("ck_mail_subject_one_line")),
        sa.CheckConstraint(
            "to_address ~ '^[^[:space:][:cntrl:]<>,;]+@[^[:space:][:cntrl:]<>,;]+$'",
            name=op.f("ck_mail_to_one"),
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name=op.f("fk_mail_company_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_mail_person_id")),
        sa.ForeignKeyConstraint(
            ["ticket_message_id"], ["ticket_message.id"], name=op.f("fk_mail_ticket_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint("key", name=op.f("uq_mail_key")),
        sa.UniqueConstraint("message_ref", name=op.f("uq_mail_message_ref")),
    )
    op.create_index("ix_mail_about", "mail", ["about_kind", "about_id", "to_address", "id"], unique=False)
    op.create_index("ix_mail_company", "mail", ["company_id", "id"], unique=False)
    op.create_index(
        "ix_mail_due",
        "mail",
        ["next_attempt_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_index("ix_mail_person", "mail", ["person_id", "id"], unique=False)
    op.create_index(
        "ix_mail_sending",
        "mail",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_index(op.f("ix_mail_ticket_message_id"), "mail", ["ticket_message_id"], unique=False)
    op.create_index(
        "ix_mail_undeliverable",
        "mail",
        ["id"],
        unique=False,
        postgresql_where=sa.text("status = 'undeliverable'"),
    )
    op.create_table(
        "ticket_unread",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("since_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["ticket_message.id"], name=op.f("fk_ticket_unread_message_id")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_ticket_unread_person_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_unread_ticket_id")),
        sa.PrimaryKeyConstraint("person_id", "ticket_id", name=op.f("pk_ticket_unread")),
    )
    op.create_index(op.f("ix_ticket_unread_ticket_id"), "ticket_unread", ["ticket_id"], unique=False)
    op.create_table(
        "attachment_content",
        sa.Column("attachment_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachment.id"],
            name=op.f("fk_attachment_content_attachment_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_attachment_content")),
    )
    op.create_table(
        "mail_enclosure",
        sa.Column("mail_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mail.id"], name=op.f("fk_mail_enclosure_mail_id")),
        sa.PrimaryKeyConstraint("mail_id", "position", name=op.f("pk_mail_enclosure")),
    )
    op.add_column("person", sa.Column("mail_to", sa.String(), nullable=True))
    op.create_check_constraint(
        op.f("ck_person_email_one"),
        "person",
        "email ~ '^[^[:space:][:cntrl:]<>,;]+@[^[:space:][:cntrl:]<>,;]+$'",
    )
    op.create_check_constraint(
        op.f("ck_person_mail_to_one"),
        "person",
        "mail_to ~ '^[^[:space:][:cntrl:]<>,;]+@[^[:space:][:cntrl:]<>,;]+$'",
    )

    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(statement)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_column("person", "mail_to")
    op.drop_constraint(op.f("ck_person_email_one"), "person", type_="check")
    op.drop_table("mail_enclosure")
    op.drop_table("attachment_content")
    op.drop_index(op.f("ix_ticket_unread_ticket_id"), table_name="ticket_unread")
    op.drop_table("ticket_unread")
    op.drop_index(
        "ix_mail_undeliverable", table_name="mail", postgresql_where=sa.text("status = 'undeliverable'")
    )
    op.drop_index(op.f("ix_mail_ticket_message_id"), table_name="mail")
    op.drop_index("ix_mail_sending", table_name="mail", postgresql_where=sa.text("status = 'sending'"))
    op.drop_index("ix_mail_person", table_name="mail")
    op.drop_index("ix_mail_due", table_name="mail", postgresql_where=sa.text("status = 'waiting'"))
    op.drop_index("ix_mail_company", table_name="mail")
    op.drop_index("ix_mail_about", table_name="mail")
    op.drop_table("mail")
    op.drop_index(
        "ix_attachment_unsent",
        table_name="attachment",
        postgresql_where=sa.text("message_id IS NULL AND note_id IS NULL"),
    )
    op.drop_index(
        "ix_attachment_note", table_name="attachment", postgresql_where=sa.text("note_id IS NOT NULL")
    )
    op.drop_index(
        "ix_attachment_message", table_name="attachment", postgresql_where=sa.text("message_id IS NOT NULL")
    )
    op.drop_table("attachment")
    op.drop_index(op.f("ix_ticket_person_person_id"), table_name="ticket_person")
    op.drop_table("ticket_person")
    op.drop_index("ix_ticket_note_ticket", table_name="ticket_note")
    op.drop_index(op.f("ix_ticket_note_author_id"), table_name="ticket_note")
    op.drop_table("ticket_note")
    op.drop_index("ix_ticket_message_ticket", table_name="ticket_message")
    op.drop_index(op.f("ix_ticket_message_author_id"), table_name="ticket_message")
    op.drop_table("ticket_message")
    op.drop_index("ix_ticket_service", table_name="ticket")
    op.drop_index("ix_ticket_ending", table_name="ticket")
    op.drop_index("ix_ticket_desk", table_name="ticket", postgresql_where=sa.text("is_open"))
    op.drop_index("ix_ticket_company_tab", table_name="ticket")
    op.drop_index(op.f("ix_ticket_author_id"), table_name="ticket")
    op.drop_index("ix_ticket_assignee", table_name="ticket", postgresql_where=sa.text("is_open"))
    op.drop_table("ticket")
    op.drop_table("ticket_tally")
    op.drop_table("mail_relay")

    for function in (
        "check_ticket_service",
        "check_ticket_note_author",
        "check_ticket_message_author",
        "check_ticket_reader",
        "check_unread_note",
        "count_ticket",
    ):
        op.execute(f"DROP FUNCTION {function}()")
