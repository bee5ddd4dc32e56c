"""Reverse DNS on its way to the name server."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import ReverseRecord, ReverseStatus

REVERSE = Machine(
    "reverse_record",
    ReverseRecord,
    "status",
    {
        ReverseStatus.WANTED: State(
            "Somebody has asked for it; the name server has not confirmed it.",
            "Its next attempt; after a day of failures, or a plain no: failed.",
        ),
        ReverseStatus.WRITTEN: State(
            "The name server has accepted it and is being read back.",
            "Read back as wanted, or after ten minutes: failed.",
        ),
        ReverseStatus.FAILED: State(
            "The name server has it not; the error says why.",
            "Somebody changes it, or lets it be tried again.",
        ),
        ReverseStatus.VISIBLE: State("Read back from the name server as it is wanted."),
        ReverseStatus.GONE: State(
            "Read back: the name server has none any more. Another name is another record.", is_final=True
        ),
    },
    steps(
        "wanted written visible wanted",
        "wanted failed wanted",
        "written failed",
        "written wanted",
        "written gone",
    ),
)
