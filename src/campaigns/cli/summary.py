"""What a list amounts to, on a screen: before anybody is called, a person reads this."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.text import Text

from campaigns.cli import screen, words
from campaigns.cli.examining import Examined
from campaigns.core.difference import Difference, unfit
from campaigns.core.hours import rules_of
from campaigns.core.numbers import mask
from campaigns.core.schedule import NO_TOUCH
from campaigns.errors import Fault
from campaigns.loading import Loaded

Print = Callable[[str], None]


def tell(loaded: Loaded, found: Examined, now: datetime, to: Print) -> None:
    """Who, when, and from which number."""
    definition = loaded.definition
    to(f"campaign  {definition.name}")
    to(f"who       {_who(loaded, found)}")
    for line in _never(loaded, found):
        to(f"          {line}")
    first = None if found.first_at is None else screen.moment(found.first_at, now)
    to(f"when      {words.schedule(definition.schedule, now, first)}")
    for line in _touches(loaded, found):
        to(line)
    if definition.contacts.refresh is not None:
        place = definition.schedule.timezone
        to(f"list      is read again at each firing of `{definition.contacts.refresh}` in {place}")
    to(f"hours     {words.hours(definition.calling_hours)}")
    closed = words.holidays(definition, now)
    if closed:
        named = [f"{day:%a %d %b %Y} {screen.shown(name, 60)}" for day, name in closed.items()]
        more = f" and {len(named) - 4} more" if len(named) > 4 else ""
        to(f"          closed {', '.join(named[:4])}{more}")
    if not definition.calling_hours.stated:
        to("          the file states no calling_hours, so these hold: write them to change that")
    for number, warning in enumerate(loaded.demands(found.places, now.date())[1]):
        to(f"{'' if number else 'warning':<10}{warning}")
    rules = rules_of(definition)
    held = sorted({rule.key for place in found.places for rule in rules.in_force(place)})
    if held:
        to(f"rules     {', '.join(held)}: see `campaigns rules show`")
    to(f"retry     {words.retry(definition.retry)}")
    to(f"limits    {words.limits(definition)}")
    senders = found.senders or Counter(definition.from_numbers or [definition.from_number])
    agents = found.agents or Counter([definition.agent_id])
    to(f"from      {_named(senders, mask)}, agent {_named(agents, str)}")
    if loaded.reader.key_column is None and definition.schedule.anchor is not None:
        to("key       the number and its anchor: each appointment of a number is called for once")
    elif loaded.reader.key_column is None:
        to("key       the number: a number is called once in this campaign, ever")
    else:
        to(f"key       the column {loaded.reader.key_column}")
    to(f"tells     {_told(loaded)}")


def _touches(loaded: Loaded, found: Examined) -> list[str]:
    """How many calls each touch makes, and what becomes of the others."""
    lines: list[str] = []
    for name in [touch.name for touch in loaded.definition.schedule.touches]:
        not_made = [
            f"{count:,} {NO_TOUCH.get(reason, reason)}"
            for (touch, reason), count in sorted(found.touches.items())
            if touch == name and reason
        ]
        made = f"{found.touches[name, '']:,} to make"
        head = "touches" if not lines else ""
        lines.append(f"{head:<10}{screen.shown(name, 63)}: {', '.join([made, *not_made])}")
    return lines


def bad_rows(loaded: Loaded, found: Examined, to: Print, *, rejects: bool) -> None:
    """The rows that will not be called, each with its line."""
    for bad in found.bad:
        column = f"{screen.shown(bad.column, 60)}: " if bad.column else ""
        to(f"{loaded.source.row_at(bad.line)}: {column}{bad.reason}")
    more = found.faulty - len(found.bad)
    if more > 0:
        where = "" if rejects else "; --rejects FILE writes them all"
        to(f"… and {screen.count(more, 'more bad row')}{where}")


def requests(found: Examined) -> None:
    """The first dial requests, on stdout."""
    if not found.requests:
        return
    screen.say()
    many = len(found.requests) > 1
    head = f"the first {len(found.requests)} dial requests" if many else "the dial request"
    screen.say(Text(f"{head}, numbers cut to their last four digits:", style="dim"))
    for (line, request), (_, contact, plan) in zip(found.requests, found.planned, strict=True):
        lines = request.get("lines", [line])
        head = f"lines {', '.join(map(str, lines))}: one call" if lines[1:] else f"line {line}"
        screen.say(Text(head, style="dim"))
        if contact.anchor is not None:
            for touch in plan:
                screen.say(f"  {words.touch(touch, contact.anchor)}")
        sent = {name: value for name, value in request.items() if name != "lines"}
        text = json.dumps(sent, ensure_ascii=False, indent=2)
        screen.say("\n".join(f"  {one}" for one in text.splitlines()))


def as_json(loaded: Loaded, found: Examined, now: datetime) -> Mapping[str, Any]:
    """The same for a program."""
    faults, (_, warnings) = refused(loaded, found, now), loaded.demands(found.places, now.date())
    return {
        "ok": not too_faulty(loaded, found) and not faults,
        "campaign": loaded.name,
        "faults": faults,
        "warnings": warnings,
        "counts": found.counts,
        "never_callable": {"no_zone": found.without_zone, "no_open_hour": found.without_hour}
        | ({"no_touch": found.without_touch} if found.touches else {}),
        "bad_rows": [
            {"at": loaded.source.row_at(bad.line), "kind": bad.kind, "column": bad.column}
            | {"reason": bad.reason}
            for bad in found.bad
        ],
        "first_call_at": found.first_at,
        "hours": words.hours(loaded.definition.calling_hours),
        "holidays": [
            {"date": day.isoformat(), "name": name}
            for day, name in words.holidays(loaded.definition, now).items()
        ],
        "hours_stated": loaded.definition.calling_hours.stated,
        "number_is_key": loaded.reader.key_column is None
        and loaded.definition.schedule.anchor is None,
        "touches": [
            {"touch": name, "reason": reason or None, "count": count}
            for (name, reason), count in found.touches.items()
        ],
        "requests": [
            {"line": line, "touches": plan, **request}
            for (line, request), (_, _, plan) in zip(found.requests, found.planned, strict=True)
        ],
    }


def refused(loaded: Loaded, found: Examined, now: datetime) -> tuple[Fault, ...]:
    """What the rules refuse, and hours in which nobody at all can be called."""
    faults, _ = loaded.demands(found.places, now.date())
    shut, people = found.without_hour, found.counts.accepted
    if not shut or shut + found.without_zone < people:
        return faults
    never = Fault(
        at="",
        key="calling_hours",
        expected="an open minute before the end, in every zone where a phone may be",
        got=f"none for any of {screen.count(people, 'person', 'people')}",
        hint="widen the hours, or set contacts.zone_evidence: stated",
    )
    return (*faults, *loaded.source.located([never]))


def too_faulty(loaded: Loaded, found: Examined) -> str | None:
    """Why a list as a whole cannot be right; None: it may be.

    A row that repeats another is right in itself.
    """
    counts, contacts = found.counts, loaded.definition.contacts
    return unfit(
        lines=counts.lines,
        rejected=counts.rejected,
        duplicate=counts.duplicate,
        filtered=counts.filtered,
        max_rejected=contacts.max_rejected,
        awaited=bool(contacts.columns),
    )


def difference(found: Difference) -> str:
    """`3 added, 1 changed, 0 withdrawn, 120 unchanged`."""
    said = [f"+ {found.added:,} added", f"~ {found.moved:,} moved", f"~ {found.changed:,} changed"]
    said += [f"- {found.withdrawn:,} withdrawn", f"{found.unchanged:,} unchanged"]
    return ", ".join(said)


def remarks(found: Difference) -> Iterator[str]:
    """What a person should know besides."""
    if found.finished:
        yield f"{screen.count(found.finished, 'contact')} already finished: not called again"
    if found.past:
        yield (
            f"{screen.count(found.past, 'contact')} moved into the past: not called,"
            " neither at the old time nor at the new one"
        )
    if found.held:
        yield (
            f"{screen.count(found.held, 'contact')} held: the row cannot be read any more,"
            " so nobody is called by what it said before"
        )
    bad = found.rejected + found.duplicate
    if bad:
        yield f"{screen.count(bad, 'bad row')} will not be called"


def _who(loaded: Loaded, found: Examined) -> str:
    counts = found.counts
    left = [
        (counts.rejected, "bad"),
        (counts.duplicate, "repeated"),
        (counts.filtered, "left out by `where`"),
    ]
    said = ", ".join(f"{number:,} {word}" for number, word in left if number)
    rows = screen.count(counts.lines, "row")
    of = f" of {rows} ({said})" if said else ""
    people = screen.count(found.callable, "person", "people")
    return f"{people} from {loaded.source.contacts_path.name}{of}"


def _never(loaded: Loaded, found: Examined) -> list[str]:
    lines = []
    stated = loaded.definition.calling_hours.stated
    at = f" ({loaded.source.at('calling_hours')})" if stated else ""
    if found.without_zone:
        number = screen.count(found.without_zone, "more has", "more have")
        lines.append(f"{number} no known time zone and will be skipped: add a column `timezone`")
    if found.without_hour:
        number = screen.count(found.without_hour, "more has", "more have")
        lines.append(
            f"{number} no open hour before the end in all zones where the phone may be, and will"
            f" be skipped: widen calling_hours{at}, or set contacts.zone_evidence: stated"
        )
    if found.without_touch:
        number = screen.count(found.without_touch, "more has", "more have")
        lines.append(f"{number} no touch left to make and will be skipped: see `touches` below")
    return lines


def _named(counter: Counter[str], show: Callable[[str], str]) -> str:
    named = [show(name) for name, _ in counter.most_common(3) if name]
    more = f" and {len(counter) - 3} more" if len(counter) > 3 else ""
    return f"{', '.join(named) or 'nobody'}{more}"


def _told(loaded: Loaded) -> str:
    context, said = loaded.definition.context, loaded.definition.disclosure is not None
    disclosure = ["its disclosure"] if said else []
    if context == "all":
        columns = loaded.reader.spare_columns
        names = ", ".join(screen.shown(name, 40) for name in columns[:12])
        more = f" and {len(columns) - 12} more" if len(columns) > 12 else ""
        if columns:
            also = f", and {disclosure[0]}" if disclosure else ""
            return f"the agent gets the columns {names}{more}{also}"
        return f"the agent gets {disclosure[0]}" if disclosure else "the agent nothing"
    if not context and not disclosure:
        return "the agent nothing: name what it needs under `context`"
    return f"the agent gets {', '.join([*(context or ()), *disclosure])}"
