"""The tester is tested: each planted mistake is found within the seeds of the test command."""

from __future__ import annotations

import pytest

from tests.simulation.planted import MISTAKES
from tests.simulation.runs import quiet, run
from tests.simulation.test_seeds import SEEDS


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_found(mistake: str) -> None:
    quiet()
    found = next((seed for seed in range(SEEDS) if run(seed, plant=mistake).findings), None)
    assert found is not None, f"no seed below {SEEDS} notices that {mistake}"
    print(f"{mistake}: seed {found}")
