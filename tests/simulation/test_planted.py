"""The tester is tested: each planted mistake is found within the seeds of the test command.

A seed that finds it is written down, so that a run is short; where a change of the engine
has moved it, all of them are tried.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.planted import FOUND_BY
from tests.simulation.runs import quiet, run
from tests.simulation.test_seeds import SEEDS


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mistake", FOUND_BY)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    quiet()
    found = next((seed for seed in _seeds(mistake) if run(seed, plant=mistake).findings), None)
    assert found is not None, f"no seed below {SEEDS} notices that {mistake}"


def _seeds(mistake: str) -> Iterator[int]:
    yield FOUND_BY[mistake]
    yield from range(SEEDS)


def test_without_a_mistake_the_same_seeds_find_nothing() -> None:
    quiet()
    assert not [seed for seed in set(FOUND_BY.values()) if run(seed).findings]
