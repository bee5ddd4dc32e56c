"""Sites, racks, positions and parts; stock with a machine that the database keeps; cleaning with evidence."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KINDS = "'chassis', 'board', 'cpu', 'dimm', 'disk', 'nic', 'psu', 'controller', 'other'"
STEP_NAMES = (
    "'addresses', 'reverse_dns', 'bmc_users', 'bmc_password', 'bmc_access', 'settings', 'disk', 'firmware', 'inventory', "
    "'burn_in'"
)

STOCK = """
CREATE FUNCTION keep_stock_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.service_id IS NOT NULL THEN
            NEW.stock_status := 'leased';  -- taken over as it runs
        ELSIF NEW.stock_status NOT IN ('quarantined', 'faulty') THEN
            RAISE EXCEPTION 'a new machine begins in quarantine'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'server_begins_in_quarantine';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.service_id IS DISTINCT FROM OLD.service_id THEN
        IF OLD.service_id IS NOT NULL AND NEW.service_id IS NOT NULL THEN
            RAISE EXCEPTION 'server % has a tenant; it is returned and cleaned before it gets another', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'server_is_returned_first';
        ELSIF OLD.service_id IS NOT NULL THEN
            NEW.stock_status := 'quarantined';
        ELSIF OLD.stock_status <> 'available' THEN
            RAISE EXCEPTION 'server % is %, not available', OLD.id, OLD.stock_status
                USING ERRCODE = 'check_violation', CONSTRAINT = 'server_is_available';
        ELSE
            NEW.stock_status := 'leased';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.stock_status = OLD.stock_status THEN
        RETURN NEW;
    END IF;
    IF (OLD.stock_status, NEW.stock_status) NOT IN (
        ('quarantined', 'cleaning'), ('cleaning', 'verified'), ('verified', 'available'),
        ('quarantined', 'faulty'), ('cleaning', 'faulty'), ('verified', 'faulty'), ('available', 'faulty'),
        ('faulty', 'quarantined'), ('cleaning', 'quarantined'), ('verified', 'quarantined'),
        ('available', 'quarantined')
    ) THEN
        RAISE EXCEPTION 'stock: % -> % is not declared', OLD.stock_status, NEW.stock_status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'server_stock_step';
    END IF;
    IF NEW.stock_status = 'cleaning'
        AND NOT EXISTS (SELECT 1 FROM cleaning WHERE server_id = NEW.id AND finished_at IS NULL) THEN
        RAISE EXCEPTION 'no cleaning of server % has begun', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'server_cleaning_begun';
    END IF;
    IF NEW.stock_status = 'verified' THEN
        PERFORM check_cleaning(NEW.id);
    END IF;
    IF OLD.stock_status = 'cleaning' THEN
        UPDATE cleaning SET finished_at = now(), outcome = CASE NEW.stock_status
                WHEN 'verified' THEN 'verified' WHEN 'faulty' THEN 'failed' ELSE 'given_up' END
            WHERE server_id = NEW.id AND finished_at IS NULL;
    END IF;
    RETURN NEW;
END $$
"""

CLEANING = f"""
CREATE FUNCTION check_cleaning(which bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    current bigint;
    lacking text;
BEGIN
    SELECT id INTO current FROM cleaning WHERE server_id = which AND finished_at IS NULL FOR UPDATE;
    -- Every kind of step must be there, and the newest evidence of each step must be good.
    SELECT string_agg(name, ', ' ORDER BY name) INTO lacking FROM (
        SELECT needed.name FROM unnest(ARRAY[{STEP_NAMES}]) AS needed(name)
        WHERE NOT EXISTS (SELECT 1 FROM cleaning_step s WHERE s.cleaning_id = current AND s.name = needed.name)
        UNION
        SELECT s.name FROM cleaning_step s WHERE s.cleaning_id = current AND coalesce((
            SELECT e.result FROM cleaning_evidence e WHERE e.step_id = s.id ORDER BY e.id DESC LIMIT 1
        ), 'none') <> 'good'
        UNION  -- a disk that came in after the steps were written down
        SELECT 'disk' FROM part p WHERE p.server_id = which AND p.kind = 'disk' AND p.status = 'installed'
            AND NOT EXISTS (SELECT 1 FROM cleaning_step s WHERE s.cleaning_id = current AND s.name = 'disk'
                AND s.subject IN (p.serial, p.wwn, 'part-' || p.id))
    ) AS open_steps;
    IF current IS NULL OR lacking IS NOT NULL THEN
        RAISE EXCEPTION 'server % lacks good evidence of: %', which, coalesce(lacking, 'a cleaning')
            USING ERRCODE = 'check_violation', CONSTRAINT = 'server_cleaning_evidence';
    END IF;
END $$
"""  # noqa: S608 (constants)

EVIDENCE = """
CREATE FUNCTION check_cleaning_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cleaned bigint;
BEGIN
    SELECT c.server_id INTO cleaned FROM cleaning c JOIN cleaning_step s ON s.cleaning_id = c.id
        WHERE s.id = NEW.step_id AND c.finished_at IS NULL;
    IF cleaned IS NULL THEN
        RAISE EXCEPTION 'this cleaning has ended' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'cleaning_evidence_in_time';
    END IF;
    IF NEW.job_id IS NOT NULL
        AND cleaned IS DISTINCT FROM (SELECT server_id FROM hardware_job WHERE id = NEW.job_id) THEN
        RAISE EXCEPTION 'this job was another machine''s' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'cleaning_evidence_own_job';
    END IF;
    RETURN NEW;
END $$
"""

STEPS = """
CREATE FUNCTION check_cleaning_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM cleaning WHERE id = NEW.cleaning_id AND finished_at IS NOT NULL) THEN
        RAISE EXCEPTION 'this cleaning has ended' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'cleaning_step_in_time';
    END IF;
    RETURN NEW;
END $$
"""

KEEP_CLEANING = """
CREATE FUNCTION keep_cleaning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.finished_at IS NOT NULL OR (OLD.server_id, OLD.kind, OLD.started_at, OLD.started_by, OLD.expected)
        IS DISTINCT FROM (NEW.server_id, NEW.kind, NEW.started_at, NEW.started_by, NEW.expected) THEN
        RAISE EXCEPTION 'a cleaning is kept as it was' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

POSITION = """
CREATE FUNCTION check_rack_position() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    height integer;
BEGIN
    SELECT height_u INTO height FROM rack WHERE id = NEW.rack_id FOR SHARE;
    IF NEW.bottom_u + NEW.units - 1 > height THEN
        RAISE EXCEPTION 'the rack has % units', height USING ERRCODE = 'check_violation',
            CONSTRAINT = 'rack_position_inside';
    END IF;
    RETURN NEW;
END $$
"""

PLACE = """
CREATE FUNCTION write_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'rack_position' THEN
        IF TG_OP <> 'INSERT' AND OLD.server_id IS NOT NULL THEN
            UPDATE server SET rack = '' WHERE id = OLD.server_id;
        END IF;
    ELSIF TG_TABLE_NAME = 'rack' THEN
        IF EXISTS (
            SELECT 1 FROM rack_position WHERE rack_id = NEW.id AND bottom_u + units - 1 > NEW.height_u
        ) THEN
            RAISE EXCEPTION 'something stands higher than % units', NEW.height_u
                USING ERRCODE = 'check_violation', CONSTRAINT = 'rack_height_holds';
        END IF;
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN NULL;
    END IF;
    UPDATE server SET site = site.name, rack = rack.name || ' U' || lpad(p.bottom_u::text, 2, '0')
        FROM rack_position p JOIN rack ON rack.id = p.rack_id JOIN site ON site.id = rack.site_id
        WHERE server.id = p.server_id
            AND CASE TG_TABLE_NAME WHEN 'rack_position' THEN p.id WHEN 'rack' THEN rack.id ELSE site.id END
                = NEW.id;
    RETURN NULL;
END $$
"""

TRIGGERS = (
    "CREATE TRIGGER server_stock BEFORE INSERT OR UPDATE ON server"
    " FOR EACH ROW EXECUTE FUNCTION keep_stock_status()",
    "CREATE TRIGGER cleaning_evidence_checked BEFORE INSERT ON cleaning_evidence"
    " FOR EACH ROW EXECUTE FUNCTION check_cleaning_evidence()",
    "CREATE TRIGGER cleaning_step_checked BEFORE INSERT ON cleaning_step"
    " FOR EACH ROW EXECUTE FUNCTION check_cleaning_step()",
    "CREATE TRIGGER cleaning_kept BEFORE UPDATE ON cleaning FOR EACH ROW EXECUTE FUNCTION keep_cleaning()",
    "CREATE TRIGGER cleaning_stays BEFORE DELETE ON cleaning FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER rack_position_checked BEFORE INSERT OR UPDATE ON rack_position"
    " FOR EACH ROW EXECUTE FUNCTION check_rack_position()",
    "CREATE TRIGGER rack_position_written AFTER INSERT OR UPDATE OR DELETE ON rack_position"
    " FOR EACH ROW EXECUTE FUNCTION write_place()",
    "CREATE TRIGGER rack_written AFTER UPDATE ON rack FOR EACH ROW EXECUTE FUNCTION write_place()",
    "CREATE TRIGGER site_written AFTER UPDATE ON site FOR EACH ROW EXECUTE FUNCTION write_place()",
)
APPEND_ONLY = ("cleaning_step", "cleaning_evidence", "inspection")
FUNCTIONS = (STOCK, CLEANING, EVIDENCE, STEPS, KEEP_CLEANING, POSITION, PLACE)
FUNCTION_NAMES = (
    "keep_stock_status()", "check_cleaning(bigint)", "check_cleaning_evidence()", "check_cleaning_step()",
    "keep_cleaning()", "check_rack_position()", "write_place()",
)  # fmt: skip

BEGINNINGS = (("server", "name"), ("server", "mac"), ("service", "name"), ("switch_port", "if_name"))
"""What is searched by its beginning, in any case."""

PLACES = (
    "INSERT INTO site (name, address) SELECT DISTINCT site, '' FROM server WHERE site <> ''"
    " UNION SELECT DISTINCT site, '' FROM switch WHERE site <> ''",
    # "A01 U07" is rack A01, unit 7; whatever else stands there is a rack without a unit.
    r"""
    INSERT INTO rack (site_id, name, height_u)
    SELECT site.id, regexp_replace(server.rack, '\s+U\d{1,2}$', ''),
        least(60, greatest(42, max(coalesce(substring(server.rack FROM '\s+U(\d{1,2})$')::int, 1))))
    FROM server JOIN site ON site.name = server.site WHERE server.rack <> '' GROUP BY 1, 2
    """,
    # Where two are said to stand on the same unit, the record is wrong: the first keeps it, a person places the other.
    r"""
    INSERT INTO rack_position (rack_id, bottom_u, units, server_id)
    SELECT DISTINCT ON (rack.id, u.unit) rack.id, u.unit, 1, server.id
    FROM server
    JOIN site ON site.name = server.site
    JOIN rack ON rack.site_id = site.id AND rack.name = regexp_replace(server.rack, '\s+U\d{1,2}$', '')
    CROSS JOIN LATERAL (SELECT substring(server.rack FROM '\s+U(\d{1,2})$')::int AS unit) AS u
    WHERE u.unit BETWEEN 1 AND rack.height_u
    ORDER BY rack.id, u.unit, server.id
    """,
)


def _key() -> sa.Column:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _reference(name: str, table: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), sa.ForeignKey(f"{table}.id"), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=nullable)


def _moment(name: str, *, nullable: bool = False) -> sa.Column:
    default = None if nullable else sa.text("now()")
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def _list(name: str) -> sa.Column:
    return sa.Column(name, postgresql.JSONB(), server_default="[]", nullable=False)


def _places() -> None:
    op.create_table(
        "site", _key(), _text("name"), _text("address"),
        sa.PrimaryKeyConstraint("id"), sa.UniqueConstraint("name", name="uq_site_name"),
    )  # fmt: skip
    op.create_table(
        "rack", _key(), _reference("site_id", "site"), _text("name"),
        sa.Column("height_u", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("site_id", "name", name="uq_rack_site_name"),
        sa.CheckConstraint("height_u BETWEEN 1 AND 60", name="height_known"),
    )  # fmt: skip
    op.create_table(
        "rack_position", _key(), _reference("rack_id", "rack"),
        sa.Column("bottom_u", sa.Integer(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        _reference("server_id", "server", nullable=True),
        _reference("switch_id", "switch", nullable=True),
        _text("label", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("server_id", name="uq_rack_position_server"),
        sa.UniqueConstraint("switch_id", name="uq_rack_position_switch"),
        sa.CheckConstraint("bottom_u >= 1 AND units BETWEEN 1 AND 60", name="units_positive"),
        sa.CheckConstraint("num_nonnulls(server_id, switch_id, label) = 1", name="one_occupant"),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(rack_id, rack_id, '[]')"), "&&"),
            (sa.text("int4range(bottom_u, bottom_u + units)"), "&&"),
            name="ex_rack_position_units",
            using="gist",
        ),
    )  # fmt: skip
    op.create_index("ix_rack_position_rack_id", "rack_position", ["rack_id"])


def _parts() -> None:
    op.create_table(
        "part", _key(), _text("kind"), _text("serial", nullable=True), _text("wwn", nullable=True),
        _text("model"), sa.Column("size_bytes", sa.BigInteger(), nullable=True), _text("slot"),
        _text("firmware"), _reference("server_id", "server", nullable=True), _text("status"), _text("note"),
        _moment("added_at"), _moment("seen_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(f"kind IN ({KINDS})", name="kind_known"),
        sa.CheckConstraint(
            "status IN ('installed', 'missing', 'spare', 'broken', 'retired')", name="status_known"
        ),
        sa.CheckConstraint(
            "(status IN ('installed', 'missing')) = (server_id IS NOT NULL)", name="installed_in_server"
        ),
        sa.CheckConstraint("size_bytes >= 0", name="size_not_negative"),
    )  # fmt: skip
    in_use = "status <> 'retired'"
    op.create_index(
        "uq_part_serial", "part", ["kind", sa.text("lower(serial)")], unique=True,
        postgresql_where=sa.text(f"serial IS NOT NULL AND {in_use}"),
    )  # fmt: skip
    op.create_index(
        "uq_part_wwn", "part", [sa.text("lower(wwn)")], unique=True,
        postgresql_where=sa.text(f"wwn IS NOT NULL AND {in_use}"),
    )  # fmt: skip
    for column in ("serial", "wwn"):
        op.create_index(f"ix_part_{column}_begins", "part", [sa.text(f"lower({column}) text_pattern_ops")])
    op.create_index("ix_part_server", "part", ["server_id"])
    op.create_index("ix_part_status", "part", ["status", "kind", "id"])
    op.create_table(
        "inspection", _key(), _reference("server_id", "server"),
        _reference("job_id", "hardware_job", nullable=True), _moment("at"), _list("found"),
        _list("differences"), _text("why_partial"), sa.PrimaryKeyConstraint("id"),
    )  # fmt: skip
    op.create_index("ix_inspection_server", "inspection", ["server_id", "id"])


def _cleanings() -> None:
    op.create_table(
        "cleaning", _key(), _reference("server_id", "server"), _text("kind"), _text("order_ref"),
        _list("expected"), _moment("started_at"), _text("started_by"), _moment("finished_at", nullable=True),
        _text("outcome", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("kind IN ('return', 'intake')", name="kind_known"),
        sa.CheckConstraint("outcome IN ('verified', 'failed', 'given_up')", name="outcome_known"),
        sa.CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="outcome_when_finished"),
    )  # fmt: skip
    op.create_index(
        "uq_cleaning_open", "cleaning", ["server_id"], unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )  # fmt: skip
    op.create_index("ix_cleaning_server", "cleaning", ["server_id", "id"])
    op.create_table(
        "cleaning_step", _key(), _reference("cleaning_id", "cleaning"), _text("name"), _text("subject"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(f"name IN ({STEP_NAMES})", name="name_known"),
        sa.UniqueConstraint("cleaning_id", "name", "subject", name="uq_cleaning_step_subject"),
    )  # fmt: skip
    op.create_table(
        "cleaning_evidence", _key(), _reference("step_id", "cleaning_step"), _moment("at"), _text("result"),
        _text("method"), _text("note"),
        sa.Column("facts", postgresql.JSONB(), server_default="{}", nullable=False),
        _reference("actor_id", "person", nullable=True), _text("actor_name"),
        _reference("job_id", "hardware_job", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("result IN ('good', 'bad')", name="result_known"),
        sa.CheckConstraint(
            "job_id IS NOT NULL OR (actor_id IS NOT NULL AND note <> '')", name="has_witness"
        ),
    )  # fmt: skip
    op.create_index("ix_cleaning_evidence_step", "cleaning_evidence", ["step_id", "id"])
    op.create_table(
        "bmc_rotation", _reference("server_id", "server"), _reference("job_id", "hardware_job"),
        _text("username"),
        sa.Column("password", sa.LargeBinary(), nullable=False), _moment("begun_at"),
        _moment("sent_at", nullable=True), sa.PrimaryKeyConstraint("server_id"),
    )  # fmt: skip


def _stock() -> None:
    op.add_column(
        "server", sa.Column("stock_status", sa.String(), server_default="quarantined", nullable=False)
    )
    # Machines that are let stay so; those of today's stock were let by people's word until now, and still may be.
    op.execute(
        "UPDATE server SET stock_status = CASE WHEN service_id IS NULL THEN 'available' ELSE 'leased' END"
    )
    op.create_check_constraint(
        "stock_status_known",
        "server",
        "stock_status IN ('leased', 'quarantined', 'cleaning', 'verified', 'available', 'faulty')",
    )
    op.create_check_constraint(
        "leased_has_service", "server", "(stock_status = 'leased') = (service_id IS NOT NULL)"
    )
    op.create_index("ix_server_stock_status", "server", ["stock_status", "id"])
    op.create_index("ix_server_ip", "server", ["ip"])
    for table, column in BEGINNINGS:
        op.create_index(f"ix_{table}_{column}_begins", table, [sa.text(f"lower({column}) text_pattern_ops")])


def upgrade() -> None:
    _stock()
    _places()
    _parts()
    _cleanings()
    for statement in PLACES:
        op.execute(statement)
    for function in FUNCTIONS:
        op.execute(function)
    for trigger in TRIGGERS:
        op.execute(trigger)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.execute("DROP TRIGGER server_stock ON server")
    for table in (
        "bmc_rotation", "cleaning_evidence", "cleaning_step", "cleaning", "inspection", "part",
        "rack_position", "rack", "site",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index("ix_server_stock_status", table_name="server")
    op.drop_index("ix_server_ip", table_name="server")
    for table, column in BEGINNINGS:
        op.drop_index(f"ix_{table}_{column}_begins", table_name=table)
    op.drop_column("server", "stock_status")
    for name in FUNCTION_NAMES:
        op.execute(f"DROP FUNCTION {name}")
