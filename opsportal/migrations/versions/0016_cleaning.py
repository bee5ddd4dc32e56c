"""Evidence names its method, or says that a person decides; firmware is compared with what was approved."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

METHODS = (
    "'nvme_format', 'ata_enhanced_erase', 'ata_secure_erase', 'scsi_sanitize', 'secure_discard', 'overwrite'"
)
TROUBLES = "'unsupported', 'frozen', 'locked', 'hidden', 'refused', 'unreadable', 'not_proved'"

# What a job says of a disk is good evidence only where its wipe has reported that very disk as erased and proved.
DISK_IS_PROVED = """
CREATE FUNCTION check_disk_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM cleaning_step s JOIN cleaning c ON c.id = s.cleaning_id
            JOIN wiped_disk d ON d.job_id = NEW.job_id AND d.outcome = 'erased' AND d.method = NEW.method
            LEFT JOIN part p ON p.server_id = c.server_id AND p.kind = 'disk'
                AND s.subject IN (p.serial, p.wwn, 'part-' || p.id)
        WHERE s.id = NEW.step_id AND (
            bare_name(s.subject) IN (bare_name(d.serial), bare_name(d.wwn))
            OR bare_name(d.serial) = bare_name(p.serial) OR bare_name(d.wwn) = bare_name(p.wwn)
        )
    ) THEN
        RAISE EXCEPTION 'this wipe has not proved that the disk is erased' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'cleaning_evidence_disk_proved';
    END IF;
    RETURN NEW;
END $$
"""
# 0x5000c5…, naa.5000c5… and 5000C5… are one name, and an empty one is none.
BARE = r"""
CREATE FUNCTION bare_name(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(regexp_replace(lower(trim(name)), '^(0x|naa\.|eui\.)', ''), '')
$$
"""
WHEN = """
CREATE FUNCTION is_disk_step(which bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT name = 'disk' FROM cleaning_step WHERE id = which
$$
"""
TRIGGER = (
    "CREATE TRIGGER cleaning_evidence_disk BEFORE INSERT ON cleaning_evidence FOR EACH ROW"
    " WHEN (NEW.result = 'good' AND NEW.job_id IS NOT NULL AND is_disk_step(NEW.step_id))"
    " EXECUTE FUNCTION check_disk_evidence()"
)
RESULT = "result_known"


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=False)


def _number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def _key() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)


def _wiped_disks() -> None:
    op.create_table(
        "wiped_disk", _key(),
        sa.Column("job_id", sa.BigInteger(), sa.ForeignKey("hardware_job.id"), nullable=False),
        _moment("at"), _text("device"), _text("serial"), _text("wwn"), _text("model"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        _text("outcome"), _text("method"), _text("trouble"), _number("seconds"), _number("verified"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id", "device", name="uq_wiped_disk_device"),
        sa.CheckConstraint("outcome IN ('erased', 'failed', 'missing')", name="outcome_known"),
        sa.CheckConstraint(f"method IN ('', {METHODS})", name="method_known"),
        sa.CheckConstraint(f"trouble IN ('', {TROUBLES})", name="trouble_known"),
        sa.CheckConstraint(
            "outcome <> 'erased' OR (method <> '' AND verified > 0)", name="erased_is_proved"
        ),
        sa.CheckConstraint("size_bytes >= 0 AND seconds >= 0 AND verified >= 0", name="not_negative"),
    )  # fmt: skip
    op.execute(
        "CREATE TRIGGER wiped_disk_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON wiped_disk "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def _firmware() -> None:
    op.create_table(
        "approved_firmware", _key(), _text("model"), _text("component"), _text("version"),
        _moment("approved_at"), _text("approved_by"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("model <> '' AND component <> '' AND version <> ''", name="filled"),
    )  # fmt: skip
    op.create_index(
        "uq_approved_firmware", "approved_firmware", [sa.text("lower(model)"), sa.text("lower(component)")],
        unique=True,
    )  # fmt: skip


def upgrade() -> None:
    _wiped_disks()
    _firmware()
    op.drop_constraint(RESULT, "cleaning_evidence", type_="check")
    op.create_check_constraint(RESULT, "cleaning_evidence", "result IN ('good', 'bad', 'open')")
    for statement in (BARE, DISK_IS_PROVED, WHEN, TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER cleaning_evidence_disk ON cleaning_evidence")
    op.execute("DROP FUNCTION check_disk_evidence()")
    op.execute("DROP FUNCTION is_disk_step(bigint)")
    op.execute("DROP FUNCTION bare_name(text)")
    op.drop_constraint(RESULT, "cleaning_evidence", type_="check")
    # What was open is no evidence to the version before: it has no word for it.
    op.execute("ALTER TABLE cleaning_evidence DISABLE TRIGGER cleaning_evidence_append_only")
    op.execute("DELETE FROM cleaning_evidence WHERE result = 'open'")
    op.execute("ALTER TABLE cleaning_evidence ENABLE TRIGGER cleaning_evidence_append_only")
    op.create_check_constraint(RESULT, "cleaning_evidence", "result IN ('good', 'bad')")
    op.drop_table("approved_firmware")
    op.drop_table("wiped_disk")
