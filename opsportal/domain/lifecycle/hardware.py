"""What is done to servers and to switch ports."""

from __future__ import annotations

from opsportal.domain.lifecycle.machines import Machine, State, steps
from opsportal.models import HardwareJob, JobStatus, OrderStatus, PortOrder

HARDWARE_JOB = Machine(
    "hardware_job",
    HardwareJob,
    "status",
    {
        JobStatus.QUEUED: State("Waits for a worker.", "Expires at not_after; can be cancelled."),
        JobStatus.RUNNING: State(
            "A worker holds the server's lease.",
            "The lease expires: queued again if no command was sent, else unknown.",
        ),
        JobStatus.VERIFYING: State(
            "A command was sent; the BMC is being read back.",
            "The job's deadline, or the lease expires: unknown.",
        ),
        JobStatus.WAITING: State(
            "The machine itself is at work; no worker is held.",
            "The machine reports, its deadline passes: failed, or a person stops it: cancelled.",
        ),
        JobStatus.UNKNOWN: State(
            "Nobody knows whether the command took effect, or a person has taken it from its worker.",
            "The reconciler asks the BMC, at most ten times; or the person who has it ends it or hands it back.",
        ),
        JobStatus.SUCCEEDED: State("Read back from the BMC: the goal is reached.", is_final=True),
        JobStatus.FAILED: State("The goal was not reached; the outcome says why.", is_final=True),
        JobStatus.CANCELLED: State(
            "Taken back by a person, before a worker began or while its machine was at work.", is_final=True
        ),
        JobStatus.EXPIRED: State("Waited too long; nothing was done.", is_final=True),
    },
    steps(
        "queued running verifying succeeded",
        "running succeeded",
        "running failed",
        "running queued",
        "running expired",
        "verifying running",
        "verifying failed",
        "running unknown succeeded",
        "verifying unknown failed",
        "running waiting",
        "verifying waiting succeeded",
        "waiting failed",
        "waiting cancelled",
        "unknown waiting",
        "queued cancelled",
        "queued expired",
        "queued failed",
    ),
)

PORT_ORDER = Machine(
    "port_order",
    PortOrder,
    "status",
    {
        OrderStatus.ASKED: State(
            "A switch port is to be up or down, and the switch has not said that it is.",
            "Its next attempt; after four without an answer, or a plain no: failed. One of a job ends with it.",
        ),
        OrderStatus.DONE: State("Read back at the switch as it was ordered.", is_final=True),
        OrderStatus.FAILED: State("The port was not brought there; the outcome says why.", is_final=True),
    },
    steps("asked done", "asked failed"),
)
