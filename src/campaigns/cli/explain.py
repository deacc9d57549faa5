"""`explain`: why one contact was, was not, or is not yet called, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from campaigns.cli import options, screen, state, words
from campaigns.cli.doors import Misused
from campaigns.core import durations, zones
from campaigns.core.admission import Lift
from campaigns.core.eligibility import DISPATCH
from campaigns.core.explanation import Asked, Call, Explanation, InForce, Next, Said, Story, Whose
from campaigns.core.numbers import mask
from campaigns.engine.explain import explain as explained
from campaigns.files import exports

_MARKS = {
    Said.PASSES: Text("✓", style="green"),
    Said.WAITS: Text("✗", style="yellow"),
    Said.ENDS: Text("✗", style="red"),
}
_LIFTS = {Lift.PERSON: "only a person lets it go on", Lift.CALLS: "until other calls let it go on"}


def explain(
    name: options.CampaignName,
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="Its key: the key column's value, or the number.")
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it as JSON, to be kept."),
    ] = None,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Numbers in full, in JSON and in the file.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Why one contact was, was not, or is not yet called: every rule, and when a call could go."""
    if numbers and output is None and not as_json:
        raise Misused("--numbers goes with --json or --output: a screen has no numbers in full")
    with state.opened() as installation:
        found = explained(name, key, installation.parts)
    document = screen.plain(found, whole=numbers)
    if output is not None:
        exports.write_document(output, document)
        screen.note(f"the explanation is in {output}, numbers {'in full' if numbers else 'masked'}")
    elif as_json:
        screen.emit(document, whole=numbers)
    else:
        _tell(found)


def _tell(found: Explanation) -> None:
    clock = _Clock(found.contact.zones)
    _who(found, clock)
    for story in found.tasks:
        screen.say()
        _story(story, clock)
    if not found.tasks:
        screen.note("it has no dial task, so nobody calls it")


class _Clock:
    """Instants as they are beside the phone; where that is not known, in UTC."""

    def __init__(self, names: Sequence[str]) -> None:
        self._zone: tzinfo = (zones.load(names[0]) if names else None) or UTC

    def __call__(self, at: datetime) -> str:
        local = at.astimezone(self._zone)
        return f"{local:%a} {local.day} {local:%b %Y} {local:%H:%M:%S} {local:%Z}"


def _who(found: Explanation, clock: _Clock) -> None:
    one = found.contact
    screen.say(Text(_key(one), style="bold"), f"  {mask(one.to_number) if one.to_number else ''}")
    became = [
        (one.withdrawn, "withdrawn: no longer on its list"),
        (one.held, "held: its row cannot be read any more"),
        (one.erased, "erased: nothing personal is kept"),
    ]
    screen.facts(
        [
            ("campaign", f"{found.campaign}, {found.state}"),
            ("as of", clock(found.at)),
            ("list", f"{screen.shown(one.source_file, 60)}:{one.source_line}"),
            ("contact", ", ".join(said for holds, said in became if holds)),
            ("zones", f"{', '.join(one.zones) or 'none known'} (by {one.zone_source})"),
            ("places", ", ".join(one.places)),
            ("do not call", "\n".join(f"on {name}" for name in words.lists(one.suppressed))),
            ("rules", "\n".join(map(_rule, found.rules))),
            ("switched off", "\n".join(map(_rule, found.off))),
        ]
    )


def _key(one: Whose) -> str:
    return mask(one.key) if one.key == one.to_number else screen.shown(one.key, 40)


def _rule(row: InForce) -> str:
    return f"{row.key} ({row.place}, {row.certainty}, as of {row.as_of}): {row.source}"


def _story(story: Story, clock: _Clock) -> None:
    run = f" of {story.run}" if story.run else ""
    became = f"{story.outcome} ({story.reason})" if story.outcome else story.state.value
    ends = f", until {clock(story.deadline_at)}" if story.deadline_at else ""
    head = f"{screen.shown(story.touch) or 'call'}{run}"
    screen.say(Text(head, style="bold"), f": {became}, due {clock(story.due_at)}{ends}")
    for call in story.calls:
        screen.say(f"  {_called(call, clock)}")
        for line in _allowed(call.allowed):
            screen.say(Text(f"    {line}", style="dim"))
    if story.checks:
        screen.table(("", "", ""), _checks(story, clock))
    if story.next is not None:
        screen.say(f"  next: {_next(story.next, clock)}")


def _called(call: Call, clock: _Clock) -> str:
    lasted = "" if call.duration_s is None else f" after {call.duration_s:.0f} s"
    retry = f", again at {clock(call.next_at)}" if call.next_at else ""
    then = f": {call.then}{retry}" if call.then else ""
    return f"call {call.number}, {clock(call.at)} ({call.id[:8]}): {call.state}{lasted}{then}"


def _allowed(allowed: Mapping[str, Any] | None) -> Iterator[str]:
    """What let a past call go, as it was kept with it."""
    for look in (allowed or {}).get("hours", ()):
        yield f"{look['rule']} open in {look['zone']}: {look['local']}"
    for cap in (allowed or {}).get("caps", ()):
        per = durations.write(timedelta(seconds=cap["per_s"]))
        yield f"{cap['rule']}: {cap['made']} of {cap['calls']} calls in {per}"


def _checks(story: Story, clock: _Clock) -> list[tuple[str | Text, ...]]:
    lines: list[tuple[str | Text, ...]] = []
    for one in story.checks:
        lines.append((Text.assemble("  ", _MARKS[one.said]), one.rule, _why(one, clock)))
        if one.rule == "calling_hours":
            lines += [
                (
                    Text.assemble("  ", _MARKS[Said.PASSES if look.open else Said.WAITS]),
                    f"  {look.rule}",
                    f"{'open' if look.open else 'closed'}, {look.zone} {look.local}".rstrip(),
                )
                for look in story.calendars
            ]
    return lines


def _why(one: Asked, clock: _Clock) -> str:
    inputs = ", ".join(f"{name} {_shown(value, clock)}" for name, value in one.inputs.items())
    match one.said:
        case Said.PASSES:
            return inputs
        case Said.ENDS:
            return _beside(f"no call: {one.outcome} ({one.reason})", inputs)
        case Said.WAITS:
            until = f" until {clock(one.until)}" if one.until else ""
            lifted = _LIFTS.get(one.lifted_by or Lift.TIME, "")
            said = f"{words.wait(one.reason or '')}{until}{f', {lifted}' if lifted else ''}"
            return _beside(said, inputs)


def _beside(said: str, inputs: str) -> str:
    return f"{said} ({inputs})" if inputs else said


def _shown(value: object, clock: _Clock) -> str:
    return clock(value) if isinstance(value, datetime) else screen.shown(str(value))


def _next(one: Next, clock: _Clock) -> str:
    """`Tue 10 Mar 2026 09:01:00 EST, because calling hours are closed`."""
    needs = [
        f"{words.wait(need.reason)} ({_LIFTS.get(need.lifted_by, need.lifted_by)})"
        for need in one.needs
    ]
    if one.outcome is not None:
        return f"no call: it ends as {one.outcome} ({one.reason}, by {one.rule})"
    if one.at is None:
        said = " and ".join(needs) or f"nobody can tell: {words.wait(one.reason or '')}"
        return said if needs else f"{said} ({one.rule})"
    because = "now, in its turn"
    if one.reason is not None:
        before = "not looked at before: " if one.rule == DISPATCH else ""
        because = f"because {before}{words.wait(one.reason)}"
    then = f"; then {' and '.join(needs)}" if needs else ""
    return f"{clock(one.at)}, {because}{then}"
