"""Zone names: only real places, and the one that was meant."""

from __future__ import annotations

import pytest

from campaigns.core import zones


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("EST", "America/New_York"),
        ("Eastern", "America/New_York"),
        ("PST", "America/Los_Angeles"),
        ("new york", "America/New_York"),
        ("America/New York", "America/New_York"),
        ("america/new_york", "America/New_York"),
        ("Amercia/New_York", "America/New_York"),
        ("Europe/Berlinn", "Europe/Berlin"),
        ("Calcutta", "Asia/Kolkata"),
    ],
)
def test_what_is_no_zone_says_what_was_meant(written: str, meant: str) -> None:
    assert zones.load(written) is None
    assert zones.suggestion(written) == meant
    assert meant in zones.hint(written)


@pytest.mark.parametrize(
    "written", ["", "xyzzy", "../../etc/passwd", "America", "localtime", "+05"]
)
def test_nonsense_is_no_zone(written: str) -> None:
    assert zones.load(written) is None
    assert zones.hint(written)


def test_old_names_become_the_ones_of_today() -> None:
    assert zones.canonical("Asia/Calcutta") == "Asia/Kolkata"
    assert zones.canonical("US/Eastern") == "America/New_York"
    assert zones.canonical("America/New_York") == "America/New_York"


def test_every_new_name_is_a_zone_and_tells_the_same_time() -> None:
    for old, new in zones._RENAMED.items():
        there = zones.load(new)
        assert there is not None, new
        assert zones.canonical(new) == new
        assert zones.load(old) is not None, old
