"""The 95th percentile, beside numpy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsportal.domain.traffic.figures import Percentile, PercentileMethod
from opsportal.domain.traffic.percentiles import p95, percentile

rates = st.integers(0, 400_000_000_000)
pairs = st.lists(st.tuples(rates, rates), min_size=1, max_size=400)


@given(st.lists(rates, min_size=1, max_size=600))
def test_it_is_numpys_inverted_cdf(values: list[int]) -> None:
    assert p95(values) == int(np.percentile(np.array(values, dtype=np.int64), 95, method="inverted_cdf"))


@given(st.lists(rates, min_size=1, max_size=600))
def test_at_most_five_percent_are_higher(values: list[int]) -> None:
    found = p95(values)
    assert found in values
    assert sum(value > found for value in values) <= math.floor(0.05 * len(values) + 1e-9)


def test_of_thirty_days_the_sample_of_rank_8208_is_billed() -> None:
    assert p95(range(1, 8_641)) == 8_208


@pytest.mark.parametrize(
    ("count", "rank"), [(1, 1), (2, 2), (19, 19), (20, 19), (21, 20), (100, 95), (101, 96)]
)
def test_ranks_of_small_periods(count: int, rank: int) -> None:
    assert p95(range(1, count + 1)) == rank


def test_of_nothing_there_is_none() -> None:
    assert p95([]) is None
    assert percentile([], [], expected=288) == Percentile("max_of_p95", None, None, None, 0, 288, 0)


@given(pairs)
def test_each_method_is_what_it_says(samples: list[tuple[int, int]]) -> None:
    received, sent = [a for a, _ in samples], [b for _, b in samples]
    columns = np.array(samples, dtype=np.int64)

    def theirs(values: np.ndarray) -> int:  # type: ignore[type-arg]
        return int(np.percentile(values, 95, method="inverted_cdf"))

    expected = {
        PercentileMethod.MAX_OF_P95: max(theirs(columns[:, 0]), theirs(columns[:, 1])),
        PercentileMethod.SUM_OF_P95: theirs(columns[:, 0]) + theirs(columns[:, 1]),
        PercentileMethod.P95_OF_LARGER: theirs(columns.max(axis=1)),
        PercentileMethod.P95_OF_SUM: theirs(columns.sum(axis=1)),
    }
    for method, billed in expected.items():
        found = percentile(received, sent, expected=len(samples), method=method)
        assert (found.billed_bps, found.method, found.samples) == (billed, method.value, len(samples))


def test_it_names_what_it_rests_on() -> None:
    found = percentile([5] * 8_000, [3] * 8_000, expected=8_640)
    assert found == Percentile("max_of_p95", 5, 3, 5, samples=8_000, expected=8_640, coverage_bp=9_259)
