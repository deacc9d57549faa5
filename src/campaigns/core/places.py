"""Where a phone may be, as far as the law asks: countries and their parts, by ISO 3166.

Area code and stated state both count: a number is ported, a person moves, and either may be where
the rules of a state hold. What is not told is not guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache

from campaigns.core import numbers
from campaigns.core.area_codes import AREA_CODES
from campaigns.core.columns import listed
from campaigns.core.reading import Refused, one_line
from campaigns.core.states import ALSO, STATES

_ISO = re.compile(r"([A-Z]{2})-([A-Z0-9]{1,3})")
_NEAR = 0.7
_OTHER = re.compile(r"[^a-z0-9]+")


def places_of(e164: str) -> tuple[str, ...]:
    """The country of a number and the part of it that its area code tells, sorted.

    ("US", "US-FL") for a number of Florida, ("US",) where no state is told as of a toll-free one,
    () where it has no country.
    """
    if e164.startswith("+1"):
        parts = AREA_CODES.get(e164[2:5])
        if parts is not None:
            return with_countries(parts)
    country = numbers.country_of(e164)
    return () if country is None else (country,)


@lru_cache(maxsize=4096)
def with_countries(places: tuple[str, ...]) -> tuple[str, ...]:
    """The places and the countries that they are in, sorted, each once."""
    return tuple(sorted({*places, *(place[:2] for place in places)}))


@lru_cache(maxsize=4096)
def both(places: tuple[str, ...], state: str) -> tuple[str, ...]:
    """The places of a number and of a stated state: the rules of both hold."""
    return with_countries((*places, state))


@lru_cache(maxsize=4096)
def state_named(text: str, country: str) -> str:
    """The ISO code of a state as people write it: `FL`, `Florida`, `US-FL`; `NSW`, `Ontario`.

    `country` reads what names no country itself; empty: only whole codes are read. Raises Refused
    with the near one.
    """
    code = text.strip().upper()
    whole = _ISO.fullmatch(code)
    if whole is not None and numbers.is_region(whole[1]):
        known = STATES.get(whole[1])
        if known is None or whole[2] in known:
            return code
        return _unknown(text, whole[1], wanted=whole[2])
    found = _ways(country).get(_folded(text))
    if found is not None:
        return f"{country}-{found}"
    return _unknown(text, country, wanted=text)


def _unknown(text: str, country: str, *, wanted: str) -> str:
    expected = f"a state of {country} such as {_example(country)}"
    if country not in STATES:
        expected = "the code of ISO 3166-2 such as IN-MH"
    raise Refused(expected, got=one_line(text), hint=_hint(country, wanted))


def _hint(country: str, wanted: str) -> str:
    ways, folded = _ways(country), _folded(wanted)
    near = get_close_matches(folded, ways, n=1, cutoff=_NEAR)
    if near:
        return f"did you mean {country}-{ways[near[0]]}?"
    elsewhere = [
        f"{other}-{_ways(other)[folded]}"
        for other in STATES
        if other != country and folded in _ways(other)
    ]
    if elsewhere:
        return f"{'of another country: ' * bool(country)}write {' or '.join(elsewhere)}"
    return f"its codes are {listed(list(STATES[country]))}" if country in STATES else ""


def _example(country: str) -> str:
    code, name = next(iter(STATES.get(country, {"MH": "Maharashtra"}).items()))
    return f"{code}, {name} or {country}-{code}"


@lru_cache(maxsize=16)
def _ways(country: str) -> Mapping[str, str]:
    """Every way to write the parts of a country, folded, and their codes."""
    known = STATES.get(country, {})
    names = {name: code for code, name in known.items()}
    written = {**ALSO.get(country, {}), **names, **{code: code for code in known}}
    return {_folded(way): code for way, code in written.items()}


def _folded(text: str) -> str:
    """Letters and digits alone, without accents: `D.C.` and `dc` agree, `Québec` and `quebec`."""
    plain = unicodedata.normalize("NFKD", text[:80]).encode("ascii", "ignore").decode().lower()
    return _OTHER.sub("", plain)
