"""What goes to the browser of money: minor units with their currency, codes, days, msgids."""

from __future__ import annotations

from dataclasses import dataclass, field

from opsportal.state.views import StepView


@dataclass(frozen=True)
class StripView:
    """The top bar: what the company has, and how many documents wait."""

    is_ready: bool = False
    currency: str = ""
    cash_minor: int = 0
    credit_minor: int = 0
    unpaid: int = 0
    overdue: int = 0
    new: int = 0


@dataclass(frozen=True)
class AmountView:
    """A sum in one currency."""

    currency: str = ""
    minor: int = 0


@dataclass(frozen=True)
class OpenView:
    """What is unpaid in one currency."""

    currency: str = ""
    count: int = 0
    total_minor: int = 0
    overdue_count: int = 0
    overdue_minor: int = 0


@dataclass(frozen=True)
class InvoiceRowView:
    """A document in a list. `text_msgid` with `params` is its first line; `more`: how many others it has."""

    id: int = 0
    number: str = ""
    kind: str = ""
    state: str = ""
    late_days: int = 0
    issued_on: str = ""
    due_on: str = ""
    currency: str = ""
    total_minor: int = 0
    is_new: bool = False
    is_payable: bool = False
    company_id: int = 0
    company: str = ""
    text_msgid: str = ""
    params: dict[str, str | int] = field(default_factory=dict)
    period_start: str = ""
    more: int = 0


@dataclass(frozen=True)
class InvoiceListView:
    """One page of documents; `next_before` is 0 on the last. `newest` is the newest one's number in our books."""

    is_ready: bool = False
    rows: list[InvoiceRowView] = field(default_factory=list)
    next_before: int = 0
    newest: int = 0
    open: list[OpenView] = field(default_factory=list)


@dataclass(frozen=True)
class LineView:
    """quantity x unit price = net."""

    position: int = 0
    text_msgid: str = ""
    params: dict[str, str | int] = field(default_factory=dict)
    service_id: int = 0
    has_samples: bool = False
    """What it charges was counted in five-minute samples, of the cycle that begins with `period_start`."""
    period_start: str = ""
    period_last: str = ""
    days: int = 0
    quantity: int = 0
    unit: str = ""
    unit_price_minor: int = 0
    net_minor: int = 0
    rate_bp: int = 0


@dataclass(frozen=True)
class TaxView:
    """All lines of one rate: net x rate = tax."""

    rate_bp: int = 0
    net_minor: int = 0
    tax_minor: int = 0


@dataclass(frozen=True)
class PaymentView:
    """A card payment as a timeline."""

    id: int = 0
    purpose: str = ""
    status: str = ""
    is_active: bool = False
    needs_action: bool = False
    can_cancel: bool = False
    card: str = ""
    currency: str = ""
    net_minor: int = 0
    tax_minor: int = 0
    gross_minor: int = 0
    invoice_id: int = 0
    is_kept_in_balance: bool = False
    reason_msgid: str = ""
    problem_msgid: str = ""
    actor: str = ""
    created_at: str = ""
    finished_at: str = ""
    refundable_minor: int = 0
    steps: list[StepView] = field(default_factory=list)


@dataclass(frozen=True)
class CardView:
    id: int = 0
    brand: str = ""
    last4: str = ""
    expires: str = ""
    is_usable: bool = False


@dataclass(frozen=True)
class QuoteView:
    """What a card payment costs. `text`: the amount as it was typed; a `problem_code` says why there is none."""

    text: str = ""
    currency: str = ""
    is_ready: bool = False
    net_minor: int = 0
    tax_minor: int = 0
    gross_minor: int = 0
    rate_bp: int = 0
    scheme: str = ""
    reason_msgid: str = ""
    balance_after_minor: int = 0
    problem_code: str = ""
    msgid: str = ""
    params: dict[str, str | int] = field(default_factory=dict)
    limit_minor: int = 0


@dataclass(frozen=True)
class DocumentRefView:
    """Another document that this one has to do with."""

    id: int = 0
    number: str = ""
    issued_on: str = ""
    total_minor: int = 0


@dataclass(frozen=True)
class InvoiceView:
    """A document with everything that is printed on it, and how it was paid."""

    is_ready: bool = False
    id: int = 0
    number: str = ""
    kind: str = ""
    state: str = ""
    late_days: int = 0
    company_id: int = 0
    company: str = ""
    buyer: str = ""
    buyer_tax_id: str = ""
    seller: str = ""
    issued_on: str = ""
    due_on: str = ""
    paid_at: str = ""
    voided_at: str = ""
    void_reason: str = ""
    currency: str = ""
    net_minor: int = 0
    tax_minor: int = 0
    total_minor: int = 0
    credited_minor: int = 0
    tax_scheme: str = ""
    tax_reason_msgid: str = ""
    note_msgid: str = ""
    lines: list[LineView] = field(default_factory=list)
    taxes: list[TaxView] = field(default_factory=list)
    settled_credit_minor: int = 0
    settled_cash_minor: int = 0
    settled_at: str = ""
    corrects: DocumentRefView = field(default_factory=DocumentRefView)
    credit_notes: list[DocumentRefView] = field(default_factory=list)
    payments: list[PaymentView] = field(default_factory=list)
    is_payable: bool = False
    is_covered: bool = False
    is_being_paid: bool = False
    use_credit_minor: int = 0
    use_cash_minor: int = 0
    missing_minor: int = 0
    quote: QuoteView = field(default_factory=QuoteView)
    cards: list[CardView] = field(default_factory=list)
    can_add_cards: bool = False
    can_void: bool = False
    can_refund: bool = False


@dataclass(frozen=True)
class TransactionView:
    """One movement. `gross_minor` left or reached the card; `balance_minor` is what it did to the balance."""

    key: str = ""
    kind: str = ""
    at: str = ""
    company_id: int = 0
    company: str = ""
    currency: str = ""
    gross_minor: int = 0
    balance_minor: int = 0
    tax_minor: int = 0
    memo: str = ""
    invoice_id: int = 0
    invoice_number: str = ""
    reason_msgid: str = ""
    actor: str = ""


@dataclass(frozen=True)
class TransactionListView:
    """One page of movements; `next_before` is empty on the last."""

    is_ready: bool = False
    rows: list[TransactionView] = field(default_factory=list)
    next_before: str = ""


@dataclass(frozen=True)
class RecommendationView:
    """Every term of the recommended amount's arithmetic."""

    currency: str = ""
    horizon_on: str = ""
    renewals_minor: int = 0
    open_invoices_minor: int = 0
    buffer_minor: int = 0
    cash_minor: int = 0
    credit_minor: int = 0
    need_minor: int = 0
    amount_minor: int = 0


@dataclass(frozen=True)
class CostView:
    """What running services cost, now and as it was yesterday, where that was recorded."""

    is_ready: bool = False
    currency: str = ""
    services: int = 0
    hour_minor: int = 0
    day_minor: int = 0
    week_minor: int = 0
    month_minor: int = 0
    year_minor: int = 0
    has_yesterday: bool = False
    yesterday_hour_minor: int = 0
    yesterday_day_minor: int = 0
    yesterday_week_minor: int = 0
    yesterday_month_minor: int = 0
    yesterday_year_minor: int = 0
    recommendation: RecommendationView = field(default_factory=RecommendationView)


@dataclass(frozen=True)
class FundsView:
    """Everything around adding funds but what is being typed."""

    is_ready: bool = False
    currency: str = ""
    cash_minor: int = 0
    credit_minor: int = 0
    recommendation: RecommendationView = field(default_factory=RecommendationView)
    cards: list[CardView] = field(default_factory=list)
    can_add_cards: bool = False
    payments: list[PaymentView] = field(default_factory=list)


@dataclass(frozen=True)
class ClickView:
    """The portal's word on something that was asked for by a form. Without a `code` it was done.

    `draft` is the browser's number of the click, `id` is new for every answer.
    """

    id: str = ""
    draft: str = ""
    code: str = ""
    msgid: str = ""
    params: dict[str, str | int] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True)
class FlagView:
    """Money that stayed in the balance because its purpose was gone."""

    id: int = 0
    kind: str = ""
    invoice_id: int = 0
    invoice_number: str = ""
    at: str = ""


@dataclass(frozen=True)
class CompanyMoneyView:
    """A client's money, for the operator."""

    is_ready: bool = False
    company_id: int = 0
    currency: str = ""
    cash_minor: int = 0
    credit_minor: int = 0
    month_minor: int = 0
    open: list[OpenView] = field(default_factory=list)
    invoices: list[InvoiceRowView] = field(default_factory=list)
    transactions: list[TransactionView] = field(default_factory=list)
    payments: list[PaymentView] = field(default_factory=list)
    flags: list[FlagView] = field(default_factory=list)
    can_grant: bool = False
