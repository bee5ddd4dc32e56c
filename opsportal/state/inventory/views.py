"""What the pages of the inventory show."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.state.inventory.record_views import CableView, ScreenRecordView
from opsportal.state.provisioning.views import DiskView, SystemView
from opsportal.state.views import JobView


@dataclass(frozen=True)
class ChoiceView:
    """Something to choose in a form."""

    value: int = 0
    label: str = ""


@dataclass(frozen=True)
class RackRowView:
    id: int = 0
    site: str = ""
    name: str = ""
    height_u: int = 0
    used_u: int = 0
    things: int = 0


@dataclass(frozen=True)
class SiteView:
    id: int = 0
    name: str = ""
    address: str = ""
    racks: list[RackRowView] = field(default_factory=list)


@dataclass(frozen=True)
class RacksView:
    is_ready: bool = False
    sites: list[SiteView] = field(default_factory=list)
    choices: list[ChoiceView] = field(default_factory=list)
    racks: int = 0
    unplaced: list[ChoiceView] = field(default_factory=list)


@dataclass(frozen=True)
class UnitView:
    """Something in a rack, or free units: `kind` is server, switch, thing or free. `row`: its line from the top."""

    position_id: int = 0
    kind: str = "free"
    bottom_u: int = 0
    units: int = 1
    row: int = 0
    name: str = ""
    server_id: int = 0
    stock: str = ""
    power: str = ""
    job_kind: str = ""
    bmc_error_code: str = ""


@dataclass(frozen=True)
class RackView:
    is_ready: bool = False
    id: int = 0
    name: str = ""
    site: str = ""
    height_u: int = 0
    used_u: int = 0
    units: list[UnitView] = field(default_factory=list)
    things: list[UnitView] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    unplaced: list[ChoiceView] = field(default_factory=list)
    switches: list[ChoiceView] = field(default_factory=list)
    """Those that stand nowhere on record."""


@dataclass(frozen=True)
class PartView:
    id: int = 0
    kind: str = ""
    serial: str = ""
    wwn: str = ""
    model: str = ""
    slot: str = ""
    firmware: str = ""
    status: str = ""
    note: str = ""
    server_id: int = 0
    server: str = ""
    seen_at: str = ""


@dataclass(frozen=True)
class PartsView:
    is_ready: bool = False
    rows: list[PartView] = field(default_factory=list)
    total: int = 0
    page: int = 1
    pages: int = 1


@dataclass(frozen=True)
class StockRowView:
    """A machine on its way: `done` of `needed` steps have good evidence."""

    id: int = 0
    name: str = ""
    label: str = ""
    model: str = ""
    place: str = ""
    status: str = ""
    reason: str = ""
    failed_step: str = ""
    """The step of its cleaning that `reason` is about, and below the disk, where it is about one."""
    failed_subject: str = ""
    since: str = ""
    done: int = 0
    needed: int = 0
    confidence: int = 0
    silent_since: str = ""
    """Since when its BMC has not answered; such a machine is not let."""


@dataclass(frozen=True)
class StockView:
    is_ready: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    rows: list[StockRowView] = field(default_factory=list)
    status: str = ""
    racks: list[ChoiceView] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    """Numbers of orders of which machines are still to come."""


@dataclass(frozen=True)
class EvidenceView:
    id: int = 0
    step: str = ""
    subject: str = ""
    result: str = ""
    method: str = ""
    note: str = ""
    by: str = ""
    at: str = ""
    job_id: int = 0
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StepStateView:
    """`result`: good, bad, or "" while there is no evidence."""

    id: int = 0
    name: str = ""
    subject: str = ""
    result: str = ""
    newest: EvidenceView = EvidenceView()
    entries: int = 0
    methods: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ErasedView:
    """One disk of the newest wipe: what became of it, how, in how long, and at how many places that was read."""

    id: int = 0
    model: str = ""
    serial: str = ""
    bytes: int = 0
    outcome: str = ""
    method: str = ""
    trouble: str = ""
    seconds: int = 0
    verified: int = 0
    job_id: int = 0
    at: str = ""


@dataclass(frozen=True)
class ScoreView:
    name: str = ""
    points: int = 0
    most: int = 0
    seen_at: str = ""


@dataclass(frozen=True)
class DifferenceView:
    what: str = ""
    kind: str = ""
    name: str = ""
    slot: str = ""
    expected: str = ""
    found: str = ""


@dataclass(frozen=True)
class OrderLineView:
    """A line of the order beside what came: see `arrival_labels.LINE`."""

    what: str = ""
    kind: str = ""
    model: str = ""
    expected: int = 0
    found: int = 0
    missing: str = ""


@dataclass(frozen=True)
class ChangeView:
    status: str = ""
    by: str = ""
    reason: str = ""
    at: str = ""
    failed_step: str = ""
    failed_subject: str = ""


@dataclass(frozen=True)
class BmcRecordView:
    """What is on record about a BMC, for the form that corrects it; never its password."""

    host: str = ""
    port: int = 0
    username: str = ""
    driver: str = ""
    cipher_suite: int = 0
    certificate: str = ""


@dataclass(frozen=True)
class MachineView:
    """One machine in stock: where it stands, what it is made of, what its cleaning has and lacks."""

    is_ready: bool = False
    id: int = 0
    name: str = ""
    label: str = ""
    status: str = ""
    is_blocked: bool = False
    site: str = ""
    rack: str = ""
    rack_id: int = 0
    bmc_host: str = ""
    bmc_user: str = ""
    bmc: BmcRecordView = field(default_factory=BmcRecordView)
    screen: ScreenRecordView = field(default_factory=ScreenRecordView)
    cables: list[CableView] = field(default_factory=list)
    is_default_user: bool = False
    is_rotating: bool = False
    company: str = ""
    service_id: int = 0
    service_has_ended: bool = False
    confidence: int = 0
    scores: list[ScoreView] = field(default_factory=list)
    parts: list[PartView] = field(default_factory=list)
    inspection_id: int = 0
    inspected_at: str = ""
    why_partial: str = ""
    differences: list[DifferenceView] = field(default_factory=list)
    order_lines: list[OrderLineView] = field(default_factory=list)
    order_needs_word: bool = False
    """It is not as ordered, and nobody has accepted it or sent it back."""
    cleaning_id: int = 0
    cleaning_kind: str = ""
    cleaning_outcome: str = ""
    order_ref: str = ""
    started_at: str = ""
    started_by: str = ""
    finished_at: str = ""
    steps: list[StepStateView] = field(default_factory=list)
    done: int = 0
    erased: list[ErasedView] = field(default_factory=list)
    evidence: list[EvidenceView] = field(default_factory=list)
    changes: list[ChangeView] = field(default_factory=list)
    light: str = ""
    """"", asking, lit or failed; for those who may switch it."""
    light_until: str = ""
    light_code: str = ""
    job: JobView = field(default_factory=JobView)


@dataclass(frozen=True)
class AisleView:
    """A machine for somebody who stands in front of it with a phone."""

    is_ready: bool = False
    id: int = 0
    name: str = ""
    label: str = ""
    model: str = ""
    site: str = ""
    rack: str = ""
    rack_id: int = 0
    power: str = ""
    power_verified_at: str = ""
    bmc_error_code: str = ""
    stock: str = ""
    is_blocked: bool = False
    switch: str = ""
    port: str = ""
    company: str = ""
    has_bmc: bool = False
    light: str = ""
    """"", asking, lit or failed; for those who may switch it."""
    light_until: str = ""
    light_code: str = ""
    job: JobView = field(default_factory=JobView)
    systems: list[SystemView] = field(default_factory=list)
    disks: list[DiskView] = field(default_factory=list)
    can_wipe: bool = False
    blocked: str = ""
    """The code of why nothing can be ordered now, "" when it can."""
    blocked_params: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelView:
    """`path`: the QR code's dark modules as an SVG path, `size` its width in modules with the quiet zone."""

    id: int = 0
    label: str = ""
    name: str = ""
    place: str = ""
    path: str = ""
    size: int = 0


@dataclass(frozen=True)
class LabelsView:
    is_ready: bool = False
    labels: list[LabelView] = field(default_factory=list)
    racks: list[ChoiceView] = field(default_factory=list)
    rack_id: int = 0
    page: int = 1
    pages: int = 1


@dataclass(frozen=True)
class PlanView:
    server_id: int = 0
    server: str = ""
    happens: bool = False
    code: str = ""
    company: str = ""
    holder: str = ""
    job_id: int = 0


@dataclass(frozen=True)
class BulkView:
    """A dry run, or with `is_done` what became of it. `asked`: the browser's number of the question."""

    asked: str = ""
    kind: str = ""
    is_done: bool = False
    plans: list[PlanView] = field(default_factory=list)
    happens: int = 0
    msgid: str = ""
    """Why there is none; with its `params`."""
    params: dict[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True)
class FirmwareRowView:
    id: int = 0
    model: str = ""
    component: str = ""
    version: str = ""
    by: str = ""
    at: str = ""


@dataclass(frozen=True)
class ModelView:
    """A model to choose; its value is its name."""

    value: str = ""
    label: str = ""


@dataclass(frozen=True)
class DeviationView:
    server_id: int = 0
    server: str = ""
    model: str = ""
    facts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FirmwareView:
    is_ready: bool = False
    deviations: list[DeviationView] = field(default_factory=list)
    rows: list[FirmwareRowView] = field(default_factory=list)
    models: list[ModelView] = field(default_factory=list)
