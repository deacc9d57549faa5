"""Which rows hold where, for one campaign: looked up once per set of places and kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal

from campaigns.core.columns import near
from campaigns.core.definition import PURPOSES, CallingHours
from campaigns.core.reading import Refused, one_line, text
from campaigns.core.rules.elsewhere import ELSEWHERE
from campaigns.core.rules.europe import EUROPE, MEMBERS
from campaigns.core.rules.row import Certainty, Rule
from campaigns.core.rules.united_states import CERTAIN_STATES, FEDERAL
from campaigns.core.rules.us_unsure import UNSURE_STATES

Places = tuple[str, ...]

GRACE = timedelta(days=30)
"""How long a row is only warned of after its review date."""
_ASSUMED = "marketing"
"""The purpose whose hours and caps hold where a file states none: its rows are the strictest."""

_ROWS = (*FEDERAL, *CERTAIN_STATES, *UNSURE_STATES, *ELSEWHERE, *EUROPE)
_BY_KEY = {row.key: row for row in _ROWS}
_PACKS: dict[str, tuple[Rule, ...]] = {}
for _row in _ROWS:
    _PACKS[_row.pack] = (*_PACKS.get(_row.pack, ()), _row)


def rows() -> tuple[Rule, ...]:
    """Every row of every pack, in the order in which they are listed."""
    return _ROWS


def packs() -> Mapping[str, tuple[Rule, ...]]:
    """Name of a pack → its rows."""
    return _PACKS


def rule(key: str) -> Rule:
    """The row of that key. Raises Refused with the near one."""
    if key not in _BY_KEY:
        raise Refused("the key of a rule", got=one_line(key), hint=_hint(key, _BY_KEY))
    return _BY_KEY[key]


def rule_named(value: Any) -> str:
    """The name of a pack or of a row, as a campaign file writes it. Raises Refused."""
    name = text(value)
    if name.lower() == "none":
        raise Refused("names of rule packs, or none alone", got="both")
    if name not in _BY_KEY and name not in _PACKS:
        expected = "a rule pack such as us-tcpa, or the key of one of its rows"
        raise Refused(expected, got=one_line(name), hint=_hint(name, {**_PACKS, **_BY_KEY}))
    return name


def _hint(name: str, known: Mapping[str, object]) -> str:
    meant = near(name, known)
    return f"did you mean {meant}?" if meant else "`campaigns rules list` names them"


def overdue(rule: Rule, on: date) -> Literal["warn", "refuse"] | None:
    """What becomes of a row past its review date; None: it is not."""
    if on <= rule.review_by:
        return None
    return "warn" if on <= rule.review_by + GRACE else "refuse"


class Rules:
    """The rules of one campaign: those of its purpose, and what it names besides.

    `named`: packs and keys of single rows; naming a pack, or a row of certainty C, turns its C rows
    on. `off`: no rule holds at all. Equal arguments make equal rules.
    """

    __slots__ = ("_arguments", "_named", "_off", "_purpose")

    def __init__(
        self, purpose: str | None, named: tuple[str, ...] = (), *, off: bool = False
    ) -> None:
        if purpose is not None and purpose not in PURPOSES:
            raise ValueError(f"no purpose {purpose!r}")
        self._purpose, self._named, self._off = purpose, named, off
        self._arguments = (purpose, tuple(sorted(set(named))), off)

    @classmethod
    def of(cls, purpose: str | None, hours: CallingHours) -> Rules:
        """Those that a campaign file names beside its hours."""
        return cls(purpose, hours.rules, off=hours.rules_off)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rules) and self._arguments == other._arguments

    def __hash__(self) -> int:
        return hash(self._arguments)

    def __repr__(self) -> str:
        return f"Rules({self._purpose!r}, {self._named!r}, off={self._off!r})"

    def in_force(self, places: Places) -> tuple[Rule, ...]:
        """The rows that hold for a phone that may be in these places; all of them at once."""
        return _in_force(*self._arguments, places)

    def switched_off(self, places: Places) -> tuple[Rule, ...]:
        """The rows of certainty C that would hold, did the campaign name them."""
        return _switched_off(*self._arguments, places)

    def covered(self, places: Places) -> bool:
        """Whether the law of each country among these is known: without any row one is closed.

        Only rows that are on count, whatever their purpose: one of certainty C opens its country
        once the campaign names it. A row of the EU opens no member state that has none of its own,
        since hours are national: a campaign opens it by naming the pack, and the hours that it
        looked up.
        """
        return _covered(*self._arguments, places)

    def depends_on_purpose(self, places: Places) -> bool:
        """Whether other rows may hold for another purpose."""
        if self._off:
            return False
        return any(row.purposes != set(PURPOSES) for row in of_places(places) if self._is_on(row))

    def expired(self, on: date) -> tuple[Rule, ...]:
        """The rows that hold somewhere and are past their review date on that day."""
        return tuple(row for row in _ROWS if self._holds(row) and overdue(row, on) is not None)

    def unused(self) -> tuple[str, ...]:
        """Names that change nothing, because no row of theirs is for this purpose."""
        return tuple(
            name
            for name in self._named
            if not any(self._suits(row) for row in _PACKS.get(name) or (_BY_KEY[name],))
        )

    def _suits(self, row: Rule) -> bool:
        return (self._purpose or _ASSUMED) in row.purposes

    def _is_on(self, row: Rule) -> bool:
        return row.certainty is not Certainty.C or self._names(row)

    def _names(self, row: Rule) -> bool:
        return row.key in self._named or row.pack in self._named

    def _holds(self, row: Rule) -> bool:
        return not self._off and self._suits(row) and self._is_on(row)


# Bounded, because a list may state any state of any country.
_KEPT = 4096


@lru_cache(maxsize=_KEPT)
def of_places(places: Places) -> tuple[Rule, ...]:
    """Every row of these places, whatever its purpose and certainty."""
    found = set(places)
    if found & MEMBERS:
        found.add("EU")
    return tuple(row for row in _ROWS if row.place in found)


@lru_cache(maxsize=_KEPT)
def _in_force(
    purpose: str | None, named: tuple[str, ...], off: bool, places: Places
) -> tuple[Rule, ...]:
    rules = Rules(purpose, named, off=off)
    return tuple(row for row in of_places(places) if rules._holds(row))


@lru_cache(maxsize=_KEPT)
def _switched_off(
    purpose: str | None, named: tuple[str, ...], off: bool, places: Places
) -> tuple[Rule, ...]:
    rules = Rules(purpose, named, off=off)
    if off:
        return ()
    return tuple(row for row in of_places(places) if rules._suits(row) and not rules._is_on(row))


@lru_cache(maxsize=_KEPT)
def _covered(purpose: str | None, named: tuple[str, ...], off: bool, places: Places) -> bool:
    rules = Rules(purpose, named, off=off)
    on = [row for row in of_places(places) if rules._is_on(row)]
    union = any(row.place == "EU" and rules._names(row) for row in on)
    own = {row.place[:2] for row in on if row.place != "EU"} | (MEMBERS if union else set())
    return off or (bool(places) and own.issuperset(place[:2] for place in places))
