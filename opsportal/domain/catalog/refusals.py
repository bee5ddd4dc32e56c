"""What is declined about a service, and what to do instead."""

from __future__ import annotations

from opsportal.domain.refusals import Refusal


class ServiceNotRunning(Refusal):
    code = "service_not_running"
    msgid = "This service has not begun or has ended. Nothing was changed."


class AlreadySuspended(Refusal):
    code = "already_suspended"
    msgid = "This service is suspended for this reason already. Nothing was changed. Look at its history."


class NotSuspended(Refusal):
    code = "not_suspended"
    msgid = "This service is not suspended for this reason. Nothing was changed."


class NothingOverdue(Refusal):
    code = "nothing_overdue"
    msgid = "No invoice of this service is overdue, so it is not suspended as unpaid. Nothing was changed."


class SameTerms(Refusal):
    code = "same_terms"
    msgid = "This is the plan and the price that the service has. Nothing was changed."


class OtherFamily(Refusal):
    code = "other_family"
    msgid = (
        "Plan {plan} is of another kind than this service. Nothing was changed. Choose one of the same kind."
    )
