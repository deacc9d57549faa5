"""Public holidays of a country or a part of one: `US`, `US-MA`. Worked out once per place and year.

The dates are those of the package `holidays`, which takes a second to load: only a file that names
a place pays for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from difflib import get_close_matches
from functools import lru_cache

from campaigns.core.reading import Refused, one_line, text

_EXPECTED = "a country such as US, or a part of one such as US-MA"
_CODE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,5})?")
_MEANT = {"UK": "GB", "USA": "US", "ENGLAND": "GB-ENG", "SCOTLAND": "GB-SCT"}


@lru_cache(maxsize=1024)
def of_year(place: str, year: int) -> Mapping[date, str]:
    """Local date → name. Raises ValueError for a place that is not known."""
    from holidays import country_holidays  # noqa: PLC0415  # a second

    country, _, part = place.partition("-")
    try:
        found = country_holidays(country, subdiv=part or None, years=year, language="en_US")
    except NotImplementedError:
        raise ValueError(f"no public holidays are known of {place[:20]!r}") from None
    return dict(found)


def is_known(place: str) -> bool:
    """Whether there is such a place."""
    try:
        of_year(place, 2026)
    except ValueError:
        return False
    return True


def between(place: str, first: date, last: date) -> Iterator[tuple[date, str]]:
    """The holidays from one date to another, both included."""
    for year in range(first.year, last.year + 1):
        for day, name in sorted(of_year(place, year).items()):
            if first <= day <= last:
                yield day, name


def place_named(value: object) -> str:
    """The code of a place, as a file writes it. Raises Refused, with the near one."""
    written = text(value)
    code = written.upper()
    if _CODE.fullmatch(code) and code.partition("-")[0] not in _MEANT and is_known(code):
        return code
    raise Refused(_EXPECTED, got=one_line(written), hint=_hint(code))


def _hint(code: str) -> str:
    country, _, part = code.partition("-")
    meant = _MEANT.get(country)
    if meant is not None:
        whole = f"{meant}-{part}" if part else meant
        return f"write {whole}" if is_known(whole) else f"write {meant}"
    from holidays import list_supported_countries  # noqa: PLC0415  # a second

    parts = {one: of for one, of in list_supported_countries().items() if len(one) == 2}
    if country in parts and not parts[country]:
        return f"{country} is not divided: write {country}"
    codes = [f"{country}-{one}" for one in parts.get(country, ())] or list(parts)
    near = get_close_matches(code, codes, n=1)
    return f"did you mean {near[0]}?" if near else f"among them are {', '.join(codes[:5])}"


LOOK = timedelta(days=60)
"""How far ahead holidays are named where a campaign has no end."""
