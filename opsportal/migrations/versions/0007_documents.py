"""PDFs of issued documents."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invoice_pdf",
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(content IS NULL) = (made_at IS NULL)", name=op.f("ck_invoice_pdf_made_is_filled")
        ),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name=op.f("fk_invoice_pdf_invoice_id")),
        sa.PrimaryKeyConstraint("invoice_id", name=op.f("pk_invoice_pdf")),
    )
    op.create_index(
        "ix_invoice_pdf_due", "invoice_pdf", ["due_at"], postgresql_where=sa.text("content IS NULL")
    )
    # A PDF that is there is what the customer has: it is never changed.
    op.execute(
        "CREATE TRIGGER invoice_pdf_kept BEFORE UPDATE OR DELETE ON invoice_pdf FOR EACH ROW"
        " WHEN (OLD.content IS NOT NULL) EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER invoice_pdf_never_emptied BEFORE TRUNCATE ON invoice_pdf"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("invoice_pdf")
