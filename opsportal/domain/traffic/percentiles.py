"""The 95th percentile by which bandwidth is billed.

Sort the five-minute averages, drop the top five percent, the next one counts: of n samples the one of rank
ceil(0.95 n), counted from the lowest. 30 days have 8,640 samples; rank 8,208 is billed.
"""

from __future__ import annotations

from collections.abc import Sequence

from opsportal.domain.traffic.figures import Percentile, PercentileMethod


def p95(values: Sequence[int]) -> int | None:
    """The value of rank ceil(0.95 n); None of nothing. No average between two: it was measured as it stands."""
    if not values:
        return None
    return sorted(values)[-(-95 * len(values) // 100) - 1]


def percentile(
    in_bps: Sequence[int],
    out_bps: Sequence[int],
    *,
    expected: int,
    method: PercentileMethod = PercentileMethod.MAX_OF_P95,
) -> Percentile:
    """The percentile of both directions and the billed one, with what it rests on.

    The sequences hold the measured slots' averages, slot by slot the same; gaps are left out, not zero.
    """
    received, sent = p95(in_bps), p95(out_bps)
    samples = len(in_bps)
    return Percentile(
        method=method.value,
        in_bps=received,
        out_bps=sent,
        billed_bps=_billed(in_bps, out_bps, received, sent, method),
        samples=samples,
        expected=expected,
        coverage_bp=min(10_000, samples * 10_000 // expected) if expected else 0,
    )


def _billed(
    in_bps: Sequence[int],
    out_bps: Sequence[int],
    received: int | None,
    sent: int | None,
    method: PercentileMethod,
) -> int | None:
    if received is None or sent is None:
        return None
    match method:
        case PercentileMethod.MAX_OF_P95:
            return max(received, sent)
        case PercentileMethod.SUM_OF_P95:
            return received + sent
        case PercentileMethod.P95_OF_LARGER:
            return p95([max(pair) for pair in zip(in_bps, out_bps, strict=True)])
        case PercentileMethod.P95_OF_SUM:
            return p95([a + b for a, b in zip(in_bps, out_bps, strict=True)])
