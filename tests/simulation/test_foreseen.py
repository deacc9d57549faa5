"""A small part of docs/forecast.md: what was said of two campaigns, and what the engine does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.simulation.foreseen import ZONES, compared, generated
from tests.simulation.runs import quiet

A_CALL = timedelta(seconds=60)
"""What the last one may talk longer or shorter than the middle of all."""


def test_certain_people_are_called_in_the_hours_that_were_said() -> None:
    quiet()
    world = replace(generated(4, people=12), shares={"completed": 1.0}, zones=ZONES[:2])
    found = compared(world, range(1))
    assert found.said.calls == pytest.approx(12)
    assert found.hours_off <= 0.05
    assert found.said.finish_at is not None
    assert abs(found.said.finish_at - found.finish) <= A_CALL


def test_retries_come_when_they_were_said() -> None:
    quiet()
    world = replace(generated(9, people=9), shares={"no_answer": 1.0})
    found = compared(world, range(1))
    assert found.said.calls == pytest.approx(18)
    assert found.hours_off <= 0.05
    assert found.finish_off <= 0.02
