"""Lists as Stripe gives them: newest first, filtered by time, page by page. localstripe knows less of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

LISTED = {"/v1/payment_intents", "/v1/refunds"}
EVERYTHING = {"limit": "1000000"}


def page(items: list[dict[str, Any]], query: Mapping[str, str], url: str) -> dict[str, Any]:
    """One page of a list that localstripe gave oldest first. `query`: limit, starting_after, created[gte]."""
    since = int(query.get("created[gte]", 0))
    found = [item for item in reversed(items) if item["created"] >= since]
    # Of one second the later made comes first, as the stable order of the reversed list has it.
    found.sort(key=lambda item: -item["created"])
    after = query.get("starting_after")
    begin = next((n + 1 for n, item in enumerate(found) if item["id"] == after), 0) if after else 0
    limit = min(int(query.get("limit", 10)), 100)
    return {
        "object": "list",
        "url": url,
        "data": found[begin : begin + limit],
        "has_more": len(found) > begin + limit,
    }
