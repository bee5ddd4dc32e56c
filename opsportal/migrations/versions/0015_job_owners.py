"""A person may take a job over; and what is out of order is told to those who do not look."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = True) -> sa.Column:
    default = None if nullable else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def upgrade() -> None:
    op.add_column("hardware_job", sa.Column("ended_by", sa.String(), nullable=True))
    op.add_column("hardware_job", sa.Column("end_note", sa.String(), nullable=True))
    op.create_table(
        "job_owner",
        sa.Column("server_id", sa.BigInteger(), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        _moment("since", nullable=False),
        _moment("quiet_at", nullable=False),
        _moment("question_due_at"),
        _moment("answered_at"),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["server_id"], ["server.id"], name=op.f("fk_job_owner_server_id")),
        sa.ForeignKeyConstraint(["job_id"], ["hardware_job.id"], name=op.f("fk_job_owner_job_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_job_owner_person_id")),
        sa.PrimaryKeyConstraint("server_id", name=op.f("pk_job_owner")),
        sa.UniqueConstraint("job_id", name="uq_job_owner_job_id"),
    )
    op.create_table(
        "outage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        _moment("since", nullable=False),
        _moment("told_at"),
        _moment("over_at"),
        sa.Column("facts", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
    )
    op.create_index(
        "uq_outage_open", "outage", ["part"], unique=True, postgresql_where=sa.text("over_at IS NULL")
    )


def downgrade() -> None:
    op.drop_table("outage")
    op.drop_table("job_owner")
    op.drop_column("hardware_job", "end_note")
    op.drop_column("hardware_job", "ended_by")
