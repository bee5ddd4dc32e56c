"""A server knows since when it has had its present service: what was heard of it before is not the tenant's."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_KEEP_LET_AT = """
CREATE FUNCTION keep_let_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.service_id IS DISTINCT FROM OLD.service_id THEN
        NEW.let_at := CASE WHEN NEW.service_id IS NULL THEN NULL ELSE clock_timestamp() END;
    END IF;
    RETURN NEW;
END $$
"""
# Servers that were let before this was kept: since they were last let from stock, as far as the trail tells.
_LET_BEFORE = """
UPDATE server SET let_at = (
    SELECT max(e.at) FROM audit_event e
    WHERE e.object_kind = 'server' AND e.object_id = server.id AND e.tag = 'stock:let'
) WHERE service_id IS NOT NULL
"""


def upgrade() -> None:
    op.add_column("server", sa.Column("let_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(_LET_BEFORE)
    op.execute(_KEEP_LET_AT)
    op.execute(
        "CREATE TRIGGER server_let BEFORE INSERT OR UPDATE OF service_id ON server"
        " FOR EACH ROW EXECUTE FUNCTION keep_let_at()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER server_let ON server")
    op.execute("DROP FUNCTION keep_let_at()")
    op.drop_column("server", "let_at")
