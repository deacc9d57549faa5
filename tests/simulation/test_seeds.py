"""Three hundred worlds, each with other faults: phones and tables say that all is well.

`./test --soak` runs tens of thousands more (SOAK_SEEDS). A failing seed says how to see it again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.plan import SWITCHES, draw
from tests.simulation.runs import quiet, report, run

SEEDS, TOGETHER = 300, 10
SOAK = int(os.environ.get("SOAK_SEEDS", "20000"))
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_nobody_is_rung_twice_and_nobody_is_lost(first: int) -> None:
    quiet()
    assert not report(run(seed) for seed in range(first, first + TOGETHER))


def test_every_kind_of_fault_is_switched_on_somewhere_and_off_elsewhere() -> None:
    on = Counter(fault for seed in range(SEEDS) for fault in draw(seed).on)
    assert set(on) == set(SWITCHES)
    assert all(5 < count < SEEDS / 2 for count in on.values())


def test_a_seed_replays_to_the_last_phone_in_another_process() -> None:
    quiet()
    mine = [run(seed).digest for seed in (3, 7)]
    for hashes in ("1", "2"):
        theirs = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--digest", "3-8"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
        ).stdout.split()
        assert [theirs[0], theirs[4]] == mine


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_tens_of_thousands_of_worlds() -> None:
    quiet()
    assert not report(run(seed) for seed in range(SEEDS, SEEDS + SOAK))
