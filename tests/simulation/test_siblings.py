"""The judge of families: it finds who was left out of a call, and who has another outcome."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.runs import quiet, run
from tests.simulation.siblings import families, findings


def row(n: int, **changes: Any) -> dict[str, Any]:
    values = {"id": n, "campaign_id": 1, "phone_id": 1, "touch": "", "zones": "America/New_York"}
    ended = {"outcome": "completed", "reason": "answered", "attempts": 1}
    return {**values, **ended, **changes}


@pytest.mark.parametrize(
    ("second", "parts", "says"),
    [
        ({}, {"a": [1, 2]}, None),
        ({}, {"a": [1], "b": [2]}, "was made for some of the rows [1, 2] only"),
        ({"outcome": "no_answer"}, {"a": [1, 2]}, "ended as"),
        ({"attempts": 2}, {"a": [1, 2]}, "ended as"),
        ({"phone_id": 2}, {"a": [1], "b": [2]}, None),
        ({"touch": "second"}, {"a": [1], "b": [2]}, None),
    ],
)
def test_a_family_that_is_not_rung_as_one_is_found(
    second: dict[str, Any], parts: dict[str, list[int]], says: str | None
) -> None:
    found = list(findings([row(1), row(2, **second)], parts))
    assert all(says in one for one in found) if says else found == []
    assert bool(found) is (says is not None)


def test_a_world_with_families_rings_each_as_one() -> None:
    quiet()
    seed = next(n for n in range(100) if families(n))
    one = run(seed)
    assert not one.findings
    assert one.phones
