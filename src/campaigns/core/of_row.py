"""The columns that set something for one contact: how long, recorded or not, where, not before."""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.core import durations, spoken, zones
from campaigns.core.cells import yes_or_no
from campaigns.core.fields import LONGEST_CALL
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


def places(column: str, text: str, to_number: str, region: str | None) -> tuple[str, ...]:
    """Where a contact may be: by its number, and by the state in a cell. Raises Reject.

    `region`: the country of states where the number tells none.
    """
    of_number = places_of(to_number)
    if not text:
        return of_number
    country = of_number[0] if of_number else region or ""
    try:
        return both(of_number, state_named(text, country))
    except Refused as refused:
        hint = f" ({refused.hint})" if refused.hint else ""
        raise Reject(column, f"expected {refused.expected}{hint}") from None


def unstated(of_number: tuple[str, ...], ambiguous: str) -> tuple[tuple[str, ...], str]:
    """The zones of a contact that states none, and whose word they are.

    `ambiguous`: calling_hours.ambiguous_timezone, which decides where their clocks differ.
    """
    if ambiguous == "intersect" or zones.one_clock(of_number):
        return of_number, "number"
    if ambiguous == "skip":
        return (), "ambiguous"
    return (zones.canonical(ambiguous),), "file"


def recording(column: str, text: str) -> bool | None:
    """Whether a call to this contact is recorded. Raises Reject."""
    if not text:
        return None
    answer = yes_or_no(text)
    if answer is None:
        raise Reject(column, "neither yes nor no")
    return answer
