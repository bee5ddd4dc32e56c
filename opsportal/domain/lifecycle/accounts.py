"""Signing in."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import LoginSession, LoginStage

LOGIN = Machine(
    "login",
    LoginSession,
    "stage",
    {
        LoginStage.PASSWORD: State(
            "The password was right; the second factor is missing.", "Ten minutes, then ended."
        ),
        LoginStage.SIGNED_IN: State(
            "The portal is open to this browser.", "Ends at expires_at or by signing out."
        ),
        LoginStage.ENDED: State("This browser has no rights.", is_final=True),
    },
    steps("password signed_in ended", "password ended"),
)
