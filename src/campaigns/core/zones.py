"""Names of time zones: which are real, what an old one is called today, what was probably meant.

People write `EST` or `new york` into a column; a wrong zone is a call at night, so anything that
is not an IANA place name is refused with the name that was most likely meant.
"""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo

_LONGEST_NAME = 64
_PROBES = range(1_735_732_800, 2_082_844_800, 86_400)
"""Every noon (UTC) of 2025 to 2035, in seconds since the epoch."""

# Old names that lists and number data still use → the name of the same place today.
_RENAMED = {
    "Africa/Asmera": "Africa/Asmara",
    "America/Buenos_Aires": "America/Argentina/Buenos_Aires",
    "America/Catamarca": "America/Argentina/Catamarca",
    "America/Cordoba": "America/Argentina/Cordoba",
    "America/Fort_Wayne": "America/Indiana/Indianapolis",
    "America/Godthab": "America/Nuuk",
    "America/Indianapolis": "America/Indiana/Indianapolis",
    "America/Jujuy": "America/Argentina/Jujuy",
    "America/Louisville": "America/Kentucky/Louisville",
    "America/Mendoza": "America/Argentina/Mendoza",
    "Asia/Ashkhabad": "Asia/Ashgabat",
    "Asia/Calcutta": "Asia/Kolkata",
    "Asia/Choibalsan": "Asia/Ulaanbaatar",
    "Asia/Dacca": "Asia/Dhaka",
    "Asia/Katmandu": "Asia/Kathmandu",
    "Asia/Macao": "Asia/Macau",
    "Asia/Rangoon": "Asia/Yangon",
    "Asia/Saigon": "Asia/Ho_Chi_Minh",
    "Asia/Thimbu": "Asia/Thimphu",
    "Asia/Ujung_Pandang": "Asia/Makassar",
    "Asia/Ulan_Bator": "Asia/Ulaanbaatar",
    "Atlantic/Faeroe": "Atlantic/Faroe",
    "Australia/ACT": "Australia/Sydney",
    "Australia/Canberra": "Australia/Sydney",
    "Australia/NSW": "Australia/Sydney",
    "Australia/North": "Australia/Darwin",
    "Australia/Queensland": "Australia/Brisbane",
    "Australia/South": "Australia/Adelaide",
    "Australia/Tasmania": "Australia/Hobart",
    "Australia/Victoria": "Australia/Melbourne",
    "Australia/West": "Australia/Perth",
    "Canada/Atlantic": "America/Halifax",
    "Canada/Central": "America/Winnipeg",
    "Canada/Eastern": "America/Toronto",
    "Canada/Mountain": "America/Edmonton",
    "Canada/Newfoundland": "America/St_Johns",
    "Canada/Pacific": "America/Vancouver",
    "Canada/Saskatchewan": "America/Regina",
    "Europe/Kiev": "Europe/Kyiv",
    "GB": "Europe/London",
    "Pacific/Enderbury": "Pacific/Kanton",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "US/Alaska": "America/Anchorage",
    "US/Arizona": "America/Phoenix",
    "US/Central": "America/Chicago",
    "US/East-Indiana": "America/Indiana/Indianapolis",
    "US/Eastern": "America/New_York",
    "US/Hawaii": "Pacific/Honolulu",
    "US/Michigan": "America/Detroit",
    "US/Mountain": "America/Denver",
    "US/Pacific": "America/Los_Angeles",
}

# In the database, but not a place: a machine's own zone, or a fixed offset that people take for
# the wall clock of New York or Denver and that is an hour off all summer.
_NOT_A_PLACE = frozenset({"EST", "MST", "Factory", "localtime", "posixrules"})

_SPOKEN_NAMES = {
    "america/new_york": ("est", "edt", "et", "eastern", "eastern time"),
    "america/chicago": ("cst", "cdt", "ct", "central", "central time"),
    "america/denver": ("mst", "mdt", "mt", "mountain", "mountain time"),
    "america/los_angeles": ("pst", "pdt", "pt", "pacific", "pacific time"),
    "europe/london": ("bst", "uk"),
    "asia/kolkata": ("ist",),
    "europe/berlin": ("cest",),
    "australia/sydney": ("aest", "aedt"),
}


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NOT_A_PLACE


@lru_cache(maxsize=1)
def _meant() -> dict[str, str]:
    """Lower-case ways to say a zone → its name."""
    names = {name.lower(): name for name in sorted(_known())}
    said = dict(names)
    for lower, name in names.items():
        said.setdefault(lower.rpartition("/")[2], name)
    for lower, ways in _SPOKEN_NAMES.items():
        said.update(dict.fromkeys(ways, names[lower]))
    return said


def canonical(name: str) -> str:
    """The name used today for the same place."""
    return _RENAMED.get(name, name)


@lru_cache(maxsize=1024)
def load(name: str) -> ZoneInfo | None:
    """The zone of exactly this IANA name, None when there is none."""
    if name not in _known():
        return None
    return ZoneInfo(name)


@lru_cache(maxsize=1024)
def one_clock(names: tuple[str, ...]) -> bool:
    """Whether the clocks of all these zones show the same at any time of these years."""
    return len({_clock(name) for name in names}) < 2


@lru_cache(maxsize=1024)
def _clock(name: str) -> tuple[timedelta | None, ...]:
    """Its offsets from UTC; two clocks that ever differ do so for more than a day."""
    zone = load(name)
    return tuple(datetime.fromtimestamp(at, zone).utcoffset() for at in _PROBES) if zone else ()


@lru_cache(maxsize=1024)
def suggestion(name: str) -> str | None:
    """The IANA name that was probably meant by a text that is none."""
    wanted = name[:_LONGEST_NAME].strip().lower()
    meant = _meant()
    for way in (wanted, wanted.replace(" ", "_")):
        if way in meant:
            return canonical(meant[way])
    near = get_close_matches(wanted.replace(" ", "_"), meant, n=1, cutoff=0.75)
    return canonical(meant[near[0]]) if near else None


def hint(name: str) -> str:
    """What to write instead of a text that is no zone."""
    meant = suggestion(name)
    return f"did you mean {meant}?" if meant else "such as America/New_York"
