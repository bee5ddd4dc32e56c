"""How long each wait about a payment may last, and when to look again."""

from __future__ import annotations

import datetime as dt

CREATED = dt.timedelta(minutes=15)
"""How long a click stays meant while the gateway is silent. After that no charge may begin any more."""
ACTION = dt.timedelta(minutes=30)
"""How long a card's holder has for the bank's confirmation."""
SETUP = dt.timedelta(hours=1)
ASK_FOR = dt.timedelta(days=3)
"""How long an unknown payment is asked for by itself. Below Stripe's memory of idempotency keys it need not be:
asking changes nothing."""
REFUND_ASK_FOR = dt.timedelta(days=30)
REFUND_SEND_FOR = dt.timedelta(hours=20)
"""A refund is sent again with the same key: only while Stripe remembers keys for sure (24 h)."""
EVENT_ATTEMPTS = 12
HANDED_OVER = dt.timedelta(seconds=30)
"""A wake-up call that has led to nothing for so long is made again."""
NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)
_FIRST_S, _LONGEST_S = 2.0, 3_600.0


def pause(attempts: int) -> dt.timedelta:
    """How long to wait after the n-th attempt without an answer: twice as long each time, an hour at most."""
    return dt.timedelta(seconds=min(_FIRST_S * 2 ** min(attempts, 12), _LONGEST_S))
