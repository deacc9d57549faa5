"""The nemesis' schedule: seeded, complete, and never two blows on one victim at a time."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.support.blows import BEATS, SIDES, WORKERS, Blow, What, schedule
from tests.support.proxy import Kind

SEEDS = range(1, 30)


def test_a_seed_replays_its_blows_and_another_has_others() -> None:
    assert schedule(7, 240) == schedule(7, 240)
    assert schedule(7, 240) != schedule(8, 240)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_is_over_in_time_and_in_order(seed: int) -> None:
    blows = schedule(seed, 240)
    assert all(blow.at + blow.lasts < 240 for blow in blows)
    assert blows == sorted(blows, key=lambda blow: blow.at)
    assert len(blows) > 60


@pytest.mark.parametrize("seed", SEEDS)
def test_five_minutes_meet_nearly_every_kind(seed: int) -> None:
    blows = schedule(seed, 300)
    kinds = {blow.kind for blow in blows}
    wires = {f"{side}: {kind}" for side in SIDES for kind in Kind}
    assert len(wires - kinds) <= 1
    struck = {(blow.what, blow.whom) for blow in blows}
    assert {what for what, _ in struck} == set(What)
    assert {whom for what, whom in struck if what is What.KILL} >= {"serve"}
    assert {whom for _, whom in struck} >= {*WORKERS, *SIDES, "redis", "postgres"}


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_struck_twice_at_a_time(seed: int) -> None:
    suffering: dict[str, list[Blow]] = {}
    for blow in schedule(seed, 240):
        frozen = blow.what is What.FREEZE
        for victim in (*WORKERS, "database") if frozen else (blow.whom,):
            suffering.setdefault(victim, []).append(blow)
    for blows in suffering.values():
        assert all(a.at + a.lasts <= b.at for a, b in pairwise(blows))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rolling_restart_has_the_fleet_to_itself(seed: int) -> None:
    blows = schedule(seed, 240)
    (roll,) = (blow for blow in blows if blow.what is What.ROLL)
    for blow in blows:
        if blow is not roll:
            assert blow.at > roll.at or blow.at + blow.lasts <= roll.at
    assert {*BEATS, "serve"}.isdisjoint({roll.whom})
