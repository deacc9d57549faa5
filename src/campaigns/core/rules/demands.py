"""What the rules ask of a campaign before anybody is called, and what a person should know.

Some of it refuses the start: a demand of consent that nobody answers, a row so old that nobody may
rely on it. The rest is said. All of it is keyed as the campaign file is, so that a line is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from campaigns.core.columns import listed
from campaigns.core.contacts import Contact, Entry
from campaigns.core.definition import Definition, Span
from campaigns.core.instants import EDGE_MINUTES
from campaigns.core.rules.book import Places, Rules, of_places, overdue, rows
from campaigns.core.rules.europe import MEMBERS
from campaigns.core.rules.row import Rule
from campaigns.errors import DefinitionError, Fault

_RULES = "calling_hours.rules"
_NONE = "calling_hours: {rules: none} takes all of it upon yourself"
_MOST = 6
"""Rows named in one sentence."""


def demands(
    definition: Definition, places_seen: Iterable[Places], on: date | None
) -> tuple[Sequence[Fault], Sequence[Fault]]:
    """Faults that refuse the start, and warnings; `places_seen`: where the people may be."""
    rules = Rules.of(definition.purpose, definition.calling_hours)
    if definition.calling_hours.rules_off:
        hint = "hours, caps, consent and disclosure of every law are yours to keep"
        return (), (_fault(_RULES, "rules that hold", "none: no rule pack holds", hint),)
    seen = sorted(set(places_seen))
    held = _all(rules.in_force(places) for places in seen)
    late = {row: None if on is None else overdue(row, on) for row in held}
    refused = [row for row in held if late[row] == "refuse" and row.binds]
    warned = [row for row in held if late[row] and row not in refused]
    faults, warnings = [*_consent(definition, held)], []
    if definition.purpose is None and any(map(rules.depends_on_purpose, seen)):
        warnings.append(_no_purpose(definition))
    undisclosed = [row for row in held if row.disclosure]
    if definition.disclosure is None and undisclosed:
        (faults if definition.purpose == "marketing" else warnings).append(_silent(undisclosed))
    apart = {places: row for places in seen if (row := _apart(definition, rules, places))}
    if apart:
        (warnings if len(apart) < len(seen) else faults).append(_shut(_all([[*apart.values()]])))
    if refused:
        faults.append(_late(refused))
    if warned:
        warnings.append(_late(warned))
    off = _all(rules.switched_off(places) for places in seen)
    if off:
        warnings.append(_off(off))
    warnings.extend(_named_in_vain(rules, definition))
    unknown = _unknown(rules, seen)
    if definition.calling_hours.always:
        warnings.extend(_always(held))
    if unknown:
        warnings.append(_without(unknown, opened=definition.calling_hours.always))
    return tuple(faults), tuple(warnings)


class Watched:
    """Entries of a list, read to their end only where the rules let these people be called.

    Raises DefinitionError there: whoever reads a list whole before storing it stores nothing.
    `on` None: review dates are not asked.
    """

    def __init__(self, entries: Iterable[Entry], definition: Definition, on: date | None) -> None:
        self._entries, self._definition, self._on = entries, definition, on

    def __iter__(self) -> Iterator[Entry]:
        seen: set[Places] = set()
        for entry in self._entries:
            if isinstance(entry, Contact):
                seen.add(entry.places)
            yield entry
        faults, _ = demands(self._definition, seen, self._on)
        if faults:
            raise DefinitionError(faults)


def _consent(definition: Definition, held: Sequence[Rule]) -> Iterator[Fault]:
    asking = [row for row in held if row.consent and definition.purpose in row.purposes]
    if not asking or definition.consent is not None:
        return
    hint = "say whose word it is: consent: {attested: how they agreed}, or {column: agreed_on}"
    yield _fault("consent", f"the consent that {_rows(asking)} demand{_s(asking)}", "none", hint)


def _silent(asking: Sequence[Rule]) -> Fault:
    hint = "write what the agent has to say of itself; it gets it as context.disclosure"
    return _fault(
        "disclosure", f"the disclosure that {_rows(asking)} demand{_s(asking)}", "none", hint
    )


def _no_purpose(definition: Definition) -> Fault:
    hint = "until then the hours and caps of marketing hold"
    return _fault("purpose", "why these people are called: it chooses the rules", "none", hint)


def _apart(definition: Definition, rules: Rules, places: Places) -> Rule | None:
    """The rule that leaves no minute of a week open there; None: there is one, or it depends."""
    hours = definition.calling_hours
    if hours.always or hours.open or hours.timezone != "contact":
        return None
    left = hours.days
    for row in rules.in_force(places):
        if row.hours is None or row.hours.open:
            continue
        left = tuple(_common(*both) for both in zip(left, row.hours.days, strict=False))
        if not any(left):
            return row
    return None


def _common(ours: Sequence[Span], theirs: Sequence[Span]) -> tuple[Span, ...]:
    """The minutes of one day that are in both, where a call fits between their edges.

    What touches midnight may go on there.
    """
    both = [
        (max(one.start, other.start), min(one.end, other.end)) for one in ours for other in theirs
    ]
    return tuple(
        Span(start=start, end=end)
        for start, end in both
        if end - start > EDGE_MINUTES or (start < end and (start == 0 or end == 24 * 60))
    )


def _shut(apart: Sequence[Rule]) -> Fault:
    hint = "widen the hours of the file; `campaigns rules show` tells those of a rule"
    got = "no minute of the week"
    return _fault("calling_hours", f"a minute that {_rows(apart)} leave{_s(apart)} open", got, hint)


def _late(late: Sequence[Rule]) -> Fault:
    dates = ", ".join(f"{row.key} by {row.review_by}" for row in late[:_MOST])
    hint = f"a newer version has newer rows; {_NONE}"
    return _fault(_RULES, "rows that were reviewed in time", f"none of {dates}{_more(late)}", hint)


def _off(off: Sequence[Rule]) -> Fault:
    hint = "name a row or its pack there to turn it on; `campaigns rules show` explains it"
    got = f"{_rows(off)} off, of certainty C"
    return _fault(_RULES, "a decision on the rows that are unsure", got, hint)


def _named_in_vain(rules: Rules, definition: Definition) -> Iterator[Fault]:
    named = rules.unused()
    if named:
        purpose = definition.purpose or "marketing"
        hint = f"purpose: {purpose} has no row there"
        yield _fault(_RULES, "names that turn a row on", listed(named), hint)


def _always(held: Sequence[Rule]) -> Iterator[Fault]:
    timed = [row for row in held if row.hours is not None]
    if timed:
        hint = "leave calling_hours out, and the strictest hours hold"
        got = f"always, so {_rows(timed)} hold{_s(timed)} no hours"
        yield _fault("calling_hours", "hours within those of the rules", got, hint)


def _unknown(rules: Rules, seen: Sequence[Places]) -> Sequence[str]:
    """The countries without a row that is on, sorted; an empty word: numbers of no country."""
    countries = {place[:2] for places in seen for place in places or ("",)}
    return sorted(one for one in countries if not rules.covered((one,) * bool(one)))


def _without(unknown: Sequence[str], *, opened: bool) -> Fault:
    countries = [one for one in unknown if one]
    got = f"{listed(countries)} without one" if countries else ""
    if len(countries) < len(unknown):
        got = f"{got} and " * bool(got) + "numbers of no country"
    return _fault("contacts", "countries with a rule of their own", got, _opens(unknown, opened))


def _opens(unknown: Sequence[str], opened: bool) -> str:
    """What became of these countries, and what changes it."""
    if opened:
        return "calling_hours: always opens them day and night, and nobody here knows their law"
    own = {one: {row.pack for row in of_places((one,)) if row.place == one} for one in unknown}
    off = sorted({pack for packs in own.values() for pack in packs})
    left = {one for one, packs in own.items() if not packs}
    said = []
    if off:
        named = " or ".join(off)
        said.append(f"their rows are off: naming the pack {named} under {_RULES} opens its country")
    if left and left <= MEMBERS:
        said.append(f"they are closed until you know their hours and name the pack eu in {_RULES}")
    elif left:
        said.append(f"they are closed, nobody there is called; {_NONE}")
    return "; ".join(said)


def _fault(key: str, expected: str, got: str, hint: str) -> Fault:
    return Fault(at="", key=key, expected=expected, got=got, hint=hint)


def _all(found: Iterable[Sequence[Rule]]) -> list[Rule]:
    """Each row once, in the order of the book."""
    wanted = {row for some in found for row in some}
    return [row for row in rows() if row in wanted]


def _rows(some: Sequence[Rule]) -> str:
    return ", ".join(row.key for row in some[:_MOST]) + _more(some)


def _more(some: Sequence[Rule]) -> str:
    return f" and {len(some) - _MOST} more" if len(some) > _MOST else ""


def _s(some: Sequence[Rule]) -> str:
    return "s" if len(some) == 1 else ""
