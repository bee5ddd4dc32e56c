"""A machine that installs itself."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import Installation, InstallStage

INSTALLATION = Machine(
    "installation",
    Installation,
    "stage",
    {
        InstallStage.PREPARED: State(
            "Ordered; the server is told to start from its own disk.", "A worker arms it, or its job ends."
        ),
        InstallStage.ARMED: State(
            "The server is told to start the installer.",
            "The installer takes its configuration, a milestone's limit ends it, or a worker begins again.",
        ),
        InstallStage.HANDED_OUT: State(
            "The installer has it; from now on the server is told to start from its own disk.",
            "The last milestone, a reported failure, or a milestone's limit: ended.",
        ),
        InstallStage.ENDED: State("Its token opens nothing any more.", is_final=True),
    },
    steps("prepared armed handed_out ended", "armed prepared ended", "armed ended"),
)
