"""Hardware jobs. The queue calls the functions here by name (`workers/queues.py`)."""

from workers.hardware.bmcs import BmcMisconfigured, OutsideBmcNetworks, connect_to, endpoint
from workers.hardware.jobs import ask_job, reconcile_job, run_job
from workers.hardware.running import Running

__all__ = [
    "BmcMisconfigured",
    "OutsideBmcNetworks",
    "Running",
    "ask_job",
    "connect_to",
    "endpoint",
    "reconcile_job",
    "run_job",
]
