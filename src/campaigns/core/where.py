"""Where a phone may be: its candidate time zones, and the jurisdictions whose rules hold there.

Together they are one calendar, so dial tasks of one `Where` share a lane.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_APART = "|"
NOWHERE = "ZZ"
"""The place of a number that no country claims."""


class Where(NamedTuple):
    """`zones`: sorted IANA names, empty where none is known. `places`: sorted, such as US-FL.

    A contact that an earlier version stored has no places: nothing is known of its jurisdictions.
    """

    zones: tuple[str, ...]
    places: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As it is stored."""
        zones = " ".join(self.zones)
        return f"{zones}{_APART}{' '.join(self.places)}" if self.places else zones


@lru_cache(maxsize=4096)
def read(text: str) -> Where:
    """What is stored, as it was."""
    zones, _, places = text.partition(_APART)
    return Where(tuple(zones.split()), tuple(places.split()))
