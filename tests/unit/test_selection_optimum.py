"""How near our order comes to the best one where hours have gaps; docs/selection.md says it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.selection import PAGE, Distance, distances, page


@pytest.fixture(scope="module")
def found() -> Sequence[Distance]:
    return distances()


def test_over_a_thousand_cases_at_most_one_in_a_hundred_is_lost(found: Sequence[Distance]) -> None:
    ours, by_deadline, first_come = found
    assert ours.best > 40_000
    assert ours.percent <= 1.0
    assert ours.worst <= 10.0
    assert ours.percent < by_deadline.percent < first_come.percent


def test_the_page_says_what_its_script_finds(found: Sequence[Distance]) -> None:
    again = "python -m benchmarks.selection --write docs/selection.md"
    assert PAGE.read_text() == page(found), f"write it again: {again}"
