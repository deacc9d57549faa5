"""The zones of states and provinces, and the area codes that a line of time runs through."""

from __future__ import annotations

import pytest

from campaigns.core import zones
from campaigns.core.area_codes import AREA_CODES
from campaigns.core.numbers import parse, zones_of
from campaigns.core.part_zones import PART_ZONES, STRADDLING
from campaigns.core.states import STATES


def same(one: str, other: str) -> bool:
    return zones.one_clock((one, other))


def test_every_state_has_its_zones_and_all_of_them_exist() -> None:
    wanted = {f"{country}-{code}" for country, parts in STATES.items() for code in parts}
    assert set(PART_ZONES) == wanted
    for names in (*PART_ZONES.values(), *STRADDLING.values()):
        assert names
        assert all(zones.load(name) and zones.canonical(name) == name for name in names)


SPLIT = ("AK", "FL", "ID", "IN", "KS", "KY", "MI", "ND", "NE", "OR", "SD", "TN", "TX")


@pytest.mark.parametrize("part", SPLIT)
def test_a_state_that_a_line_runs_through_has_both_sides(part: str) -> None:
    assert not zones.one_clock(PART_ZONES[f"US-{part}"])


def test_a_number_may_be_in_a_zone_of_its_own_state() -> None:
    """It catches an area code that the library puts elsewhere, and a state with a wrong zone."""
    for code, parts in AREA_CODES.items():
        there = {name for part in parts for name in PART_ZONES[part]}
        found = zones_of(f"+1{code}5552345")
        assert not found or any(same(one, name) for one in found for name in there), code


def test_an_area_code_on_a_line_is_in_every_zone_of_the_table() -> None:
    for code, names in STRADDLING.items():
        found = zones_of(f"+1{code}5552345")
        assert set(names) <= set(found), code
        assert {name for part in AREA_CODES[code] for name in PART_ZONES[part]} >= set(names), code
        assert parse(f"+1{code}5552345")
