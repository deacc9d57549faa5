"""The columns that set something for one contact: how long, recorded or not, where, not before."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from campaigns.core import durations, numbers, spoken, zones
from campaigns.core.cells import yes_or_no
from campaigns.core.fields import LONGEST_CALL
from campaigns.core.part_zones import PART_ZONES
from campaigns.core.places import both, places_of, state_named
from campaigns.core.reading import Refused


class Reject(Exception):
    """This cell makes the row uncallable."""

    def __init__(self, column: str, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(f"{column}: {reason}")


def not_before(column: str, text: str, zone: str | None) -> datetime | None:
    """The instant in a cell; `zone`: of one that names none. Raises Reject."""
    if not text:
        return None
    try:
        return spoken.read(text).instant(zone)
    except spoken.Unreadable as fault:
        raise Reject(column, str(fault)) from None
    except OverflowError:
        raise Reject(column, "no such day or time in the calendar") from None


def max_duration_s(column: str, text: str) -> int | None:
    """The longest that a call to this contact may last. Raises Reject."""
    if not text:
        return None
    try:
        limit = durations.parse(text, plain_seconds=True)
    except durations.NotADuration:
        raise Reject(column, "no duration such as 2m, 90s or plain seconds") from None
    if not timedelta(seconds=1) <= limit <= LONGEST_CALL:
        raise Reject(column, "a call takes from 1s to 4h")
    return limit // timedelta(seconds=1)


def consent(column: str, text: str) -> None:
    """Whether this contact agreed to be called. Raises Reject unless the cell says so.

    Silence is no consent, nor is a word that somebody may have meant otherwise.
    """
    answer = yes_or_no(text)
    if not text or answer is False:
        raise Reject(column, "no consent")
    if answer or text.lower() == "x":
        return
    try:
        dated = spoken.read(text).date is not None
    except spoken.Unreadable:
        dated = False
    if not dated:
        wanted = "yes, true, 1, x or a date such as 2026-03-10"
        raise Reject(column, f"neither consent nor none: expected {wanted}")


def state(column: str, text: str, to_number: str, region: str | None) -> str | None:
    """The ISO code of the state in a cell; None where it says none. Raises Reject.

    `region`: the country of states where the number tells none.
    """
    if not text:
        return None
    of_number = places_of(to_number)
    try:
        return state_named(text, of_number[0] if of_number else region or "")
    except Refused as refused:
        hint = f" ({refused.hint})" if refused.hint else ""
        raise Reject(column, f"expected {refused.expected}{hint}") from None


def places(to_number: str, state: str | None) -> tuple[str, ...]:
    """Where a contact may be, for the law: by its number, and by its stated state."""
    of_number = places_of(to_number)
    return of_number if state is None else both(of_number, state)


def zone(column: str, text: str) -> str | None:
    """The zone in a cell, by the name it has today. Raises Reject."""
    if not text:
        return None
    if zones.load(text) is None:
        raise Reject(column, f"no IANA time zone ({zones.hint(text)})")
    return zones.canonical(text)


@lru_cache(maxsize=4096)
def candidates(
    stated: str | None, of_number: tuple[str, ...], state: str | None, ambiguous: str
) -> tuple[tuple[str, ...], str]:
    """Every zone where the phone may be, and whose word that is.

    `stated`: the zone in the list. `ambiguous`: calling_hours.ambiguous_timezone, which decides
    where none is stated and clocks differ. It never puts a phone where it cannot be, so a zone
    counts only instead of others of the same evidence, where it is one of them.
    """
    of_state = () if state is None else _zones_of_part(state)
    known = (
        ("column", () if stated is None else (stated,)),
        ("number", of_number),
        ("state", of_state),
    )
    source = "+".join(word for word, names in known if names) or "number"
    every = tuple(sorted({name for _, names in known for name in names}))
    if stated or ambiguous == "intersect" or zones.one_clock(every):
        return every, source
    if ambiguous == "skip":
        return (), "ambiguous"
    meant = tuple(sorted({*_meant(of_number, ambiguous), *_meant(of_state, ambiguous)}))
    return (every, source) if meant == every else (meant, "file")


def _zones_of_part(state: str) -> tuple[str, ...]:
    """Those of a state; of its whole country where nobody knows better."""
    return PART_ZONES.get(state) or numbers.zones_of_country(state[:2])


def _meant(names: tuple[str, ...], zone: str) -> tuple[str, ...]:
    """The zone alone where the clock of one of several is its own, else all of them."""
    several = not zones.one_clock(names)
    if several and any(zones.one_clock(tuple(sorted((zone, name)))) for name in names):
        return (zones.canonical(zone),)
    return names


def recording(column: str, text: str) -> bool | None:
    """Whether a call to this contact is recorded. Raises Reject."""
    if not text:
        return None
    answer = yes_or_no(text)
    if answer is None:
        raise Reject(column, "neither yes nor no")
    return answer
