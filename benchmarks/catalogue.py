"""What is measured, and by which module."""

from __future__ import annotations

CATALOGUE: dict[str, tuple[str, ...]] = {
    "benchmarks.starts": ("demo_cold_start", "demo_warm_start"),
    "benchmarks.events": ("event_round_trip", "events_per_second"),
    "benchmarks.pushes": ("push_500_tabs",),
    "benchmarks.memory": ("memory_per_client",),
    "benchmarks.pages": ("first_paint", "page_bytes"),
    "benchmarks.bmc_sweep": ("bmc_sweep_300",),
    "benchmarks.bmc_power": ("bmc_power_off_verified",),
    "benchmarks.ticket_lists": ("ticket_list_100k",),
    "benchmarks.traffic_poll": ("traffic_poll_9600",),
    "benchmarks.traffic_graphs": (
        "traffic_graph_day",
        "traffic_graph_week",
        "traffic_graph_month",
        "traffic_graph_year",
    ),
    "benchmarks.consoles": ("console_echo", "console_first_frame"),
    "benchmarks.real_chain": ("real_chain",),
    "benchmarks.renewals": ("renewal_run_10000",),
    "benchmarks.invoice_lists": ("invoice_list_100k",),
    "benchmarks.invoice_pdfs": ("invoice_pdf",),
}
"""Module → its names, in the order they run. A name also stands for its rows `name_detail`."""


class NoSuchBenchmark(Exception):
    """The message names what there is."""


def chosen(only: str) -> list[str]:
    """The modules to run: all, or the one that measures `only`."""
    if not only:
        return list(CATALOGUE)
    found = [module for module, names in CATALOGUE.items() if any(belongs(only, name) for name in names)]
    if not found:
        names = ", ".join(name for names in CATALOGUE.values() for name in names)
        raise NoSuchBenchmark(f"There is no benchmark {only!r}. ONLY is one of: {names}.")
    return found


def belongs(row: str, name: str) -> bool:
    """Whether a row of this name is the one asked for, or a detail of it."""
    return row == name or row.startswith(f"{name}_")
