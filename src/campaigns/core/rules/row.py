"""One row of a rule pack: what one law asks of calls to one place, since when, and how surely."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from campaigns.core.definition import PURPOSES, CallingHours, Cap, Span

MARKETING = frozenset({"marketing"})
DEBT = frozenset({"debt"})
SURVEY = frozenset({"survey"})
ALL = frozenset(PURPOSES)

GATHERED = date(2026, 11, 1)
REVIEW = date(2027, 11, 1)
"""A year after the facts were gathered: nobody relies on an older row unseen."""

Day = tuple[Span, ...]
CLOSED: Day = ()


class Certainty(StrEnum):
    """How sure a row is. C is off until a person turns it on."""

    A = "A"
    B = "B"
    C = "C"

    @property
    def means(self) -> str:
        """What the letter stands for."""
        return _MEANS[self]


_MEANS = {
    Certainty.A: "the text of a statute or regulator, or several law firms that agree",
    Certainty.B: "one good secondary source",
    Certainty.C: "sources that conflict, or a single one: a lawyer before use",
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rule:
    """One dated row. `hours` None: it has none; they are of the clock beside the phone.

    There is one of each, in the book: equal is the same.
    """

    key: str
    pack: str
    place: str  # ISO 3166, or EU for its member states
    purposes: frozenset[str]
    hours: CallingHours | None = None
    caps: tuple[Cap, ...] = ()
    after_conversation: timedelta | None = None  # no call within this after an answered one
    consent: bool = False  # people must have agreed before
    disclosure: bool = False  # the agent must say who it is, or that it is none
    says: str
    source: str
    as_of: date = GATHERED
    review_by: date = REVIEW
    certainty: Certainty

    @property
    def binds(self) -> bool:
        """Whether it asks anything that the engine obeys or demands."""
        held = self.hours or self.caps or self.after_conversation
        return bool(held or self.consent or self.disclosure)


def at(first: int, last: int, minute: int = 0) -> Day:
    """From one full hour to another, or to some minutes after it."""
    return (Span(start=first * 60, end=last * 60 + minute),)


def week(mon_fri: Day, sat: Day, sun: Day, *holidays: str) -> CallingHours:
    """Hours of a week, closed on the public holidays of these places."""
    return CallingHours(days=(mon_fri,) * 5 + (sat, sun), holidays=holidays)


def daily(hours: Day, *holidays: str) -> CallingHours:
    """The same hours every day."""
    return week(hours, hours, hours, *holidays)


def mon_sat(hours: Day, *holidays: str) -> CallingHours:
    """The same hours from Monday to Saturday, none on Sunday."""
    return week(hours, hours, CLOSED, *holidays)


ALL_DAY = at(0, 24)
