"""`campaigns plan`: what submit would change, contact by contact, before it happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from campaigns.bootstrap import Installation
from campaigns.cli import foretold as foretold_on
from campaigns.cli import options, planned, screen, state, summary
from campaigns.cli.doors import complain
from campaigns.cli.examining import Examined, examine
from campaigns.cli.submitting import continued
from campaigns.core import zones
from campaigns.core.contacts import Contact
from campaigns.core.difference import Difference, Line
from campaigns.core.forecast import Forecast, told
from campaigns.core.lifecycle import CampaignState
from campaigns.core.outlook import zone_of
from campaigns.core.reconcile import Effect
from campaigns.engine.submit import compare, forbidden, known
from campaigns.errors import DefinitionError
from campaigns.loading import Loaded, Plans, entries, load, outlook_of
from campaigns.store.reads import Reads

SHOWN = 20
"""Lines of a kind on a screen; `--json` has LISTED of them."""
LISTED = 1_000
CHANGES = 4
"""The exit code of `--exit-code` where submit would change something."""
_SIGNS = {
    Effect.ADDED: "+",
    Effect.MOVED: "~",
    Effect.CHANGED: "~",
    Effect.WITHDRAWN: "-",
}


@dataclass(kw_only=True, slots=True)
class _Lines:
    """The first lines of each kind."""

    most: int
    kept: list[Line] = field(default_factory=list)
    added: set[int] = field(default_factory=set)
    counts: Counter[Effect] = field(default_factory=Counter)

    def take(self, line: Line) -> None:
        self.counts[line.effect] += 1
        if line.effect is Effect.ADDED and line.line is not None:
            self.added.add(line.line)
        if self.counts[line.effect] <= self.most:
            self.kept.append(line)


def plan(
    file: Annotated[Path, typer.Argument(help="A campaign file (.yaml), or a list alone (.csv).")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Keep the plan: `submit FILE` does just that."),
    ] = None,
    calls: Annotated[
        bool, typer.Option("--calls", help="List every planned first call, in UTC and local time.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 4 where submit would change something.")
    ] = False,
    agent_id: options.AgentId = None,
    from_number: options.FromNumber = None,
    name: options.Name = None,
    region: options.Region = None,
    contacts: options.Contacts = None,
    as_json: options.AsJson = False,
) -> None:
    """What submit would change, and what would happen then: calls per hour, the end, the cost.

    Nothing is stored. The forecast runs the engine's own rules on a virtual clock.
    """
    typed = {"name": name, "agent_id": agent_id, "from_number": from_number, "region": region}
    loaded = load(file, **typed, contacts=contacts)
    # A plan may be submitted from another directory.
    typed["contacts"] = None if contacts is None else str(Path(contacts).absolute())
    lines = _Lines(most=LISTED if as_json else SHOWN)
    with state.opened() as installation:
        loaded = continued(loaded, installation)
        row = known(loaded.name, installation.database)
        now = installation.database.policy_now().policy
        found = compare(loaded.submission(), installation.parts, lines.take)
        stored = found is not None
        listed = None
        if found is None:
            listed = examine(loaded, now)
            found = _all_new(listed, loaded, now)
        same = row is not None and row.digest == loaded.source.digest
        keys = _keys(lines, installation)
        foretold = None
        if row is None or row.state is not CampaignState.CANCELLED:
            outlook = listed.outlook if listed else outlook_of(loaded, now, lines.added)
            with installation.database.read() as tx:
                known_row = row if stored else None
                foretold = Reads(tx).forecast(loaded.definition, outlook, known_row)
        why = forbidden(loaded.submission(), found, installation.parts)
    if out is not None:
        planned.write(out, file, loaded, row, typed, _told(loaded, foretold))
    if as_json:
        said = _as_json(loaded, found, lines, keys, known=row is not None, why=why)
        first = {"first_calls": list(_first_calls(loaded, now))} if calls else {}
        screen.emit({**said, "forecast": _told(loaded, foretold), **first})
    else:
        _show(loaded, found, lines, keys, listed, now)
        if foretold is not None:
            foretold_on.show(foretold, now, first=loaded.definition.pacing.first)
        if stored and (found.moved or found.changed or found.withdrawn):
            screen.say("the forecast is of the book as it is, and of who is added to it")
        if row is not None and row.state is CampaignState.PAUSED:
            screen.say("it is paused: the forecast is as if it were resumed now")
        if calls:
            _list_calls(loaded, now)
        if why is not None:
            complain(f"submit would refuse it: {why}")
    if exit_code and not same and not (row is not None and found.nothing):
        raise typer.Exit(CHANGES)


def _all_new(listed: Examined, loaded: Loaded, now: datetime) -> Difference:
    """A new campaign adds everybody. Raises DefinitionError where the rules refuse it."""
    faults, _ = loaded.demands(listed.places, now.date())
    if faults:
        raise DefinitionError(faults)
    counts = listed.counts
    return Difference(
        lines=counts.lines,
        added=counts.accepted,
        rejected=counts.rejected,
        duplicate=counts.duplicate,
        filtered=counts.filtered,
    )


def _keys(lines: _Lines, installation: Installation) -> Mapping[int, str]:
    """The keys of those that no row names any more."""
    gone = [line.contact_id for line in lines.kept if line.key is None and line.contact_id]
    with installation.database.read() as tx:
        return {id: tx.contact(id).key for id in gone}


def _told(loaded: Loaded, found: Forecast | None) -> Mapping[str, Any] | None:
    return None if found is None else told(found, zone_of(loaded.definition))


def _first_calls(loaded: Loaded, now: datetime) -> Iterator[Mapping[str, Any]]:
    """When the first call of each touch may leave, by list, dues and hours alone."""
    plans = Plans(loaded.definition, now)
    for entry in entries(loaded):
        if not isinstance(entry, Contact):
            continue
        for touch in plans.of(entry):
            if touch.opens_at is None:
                continue
            local = touch.opens_at.astimezone(zones.load(entry.zones[0]) if entry.zones else UTC)
            yield {
                "line": entry.line,
                "key": screen.shown(entry.key, 40),
                "touch": touch.name,
                "at": touch.opens_at,
                "local": f"{local:%Y-%m-%d %H:%M %Z}",
            }


def _list_calls(loaded: Loaded, now: datetime) -> None:
    screen.say()
    screen.table(
        ("#line", "contact", "touch", "not before (UTC)", "there"),
        (
            (
                str(one["line"]),
                one["key"],
                one["touch"],
                screen.instant(one["at"]),
                one["local"],
            )
            for one in _first_calls(loaded, now)
        ),
    )


def _key(line: Line, keys: Mapping[int, str]) -> str:
    return line.key if line.key is not None else keys.get(line.contact_id or 0, "")


def _show(
    loaded: Loaded,
    found: Difference,
    lines: _Lines,
    keys: Mapping[int, str],
    listed: Examined | None,
    now: datetime,
) -> None:
    if listed is not None:
        summary.bad_rows(loaded, listed, complain, rejects=False)
        summary.tell(loaded, listed, now, screen.say)
        screen.say()
        screen.say(f"new: {screen.count(found.added, 'contact')} would be added")
        return
    for line in lines.kept:
        where = "" if line.line is None else f"  line {line.line}"
        time = ""
        if line.was is not None and line.becomes is not None:
            time = f"  {screen.moment(line.was, now)} → {screen.moment(line.becomes, now)}"
        key = screen.shown(_key(line, keys), 40)
        screen.say(f"{_SIGNS[line.effect]} {key}{where}{time}")
    for effect, count in lines.counts.items():
        if count > SHOWN:
            screen.say(f"{_SIGNS[effect]} … and {count - SHOWN:,} more {effect.value}")
    screen.say(f"{loaded.name}: {summary.difference(found)}")
    for remark in summary.remarks(found):
        screen.say(remark)


def _as_json(
    loaded: Loaded,
    found: Difference,
    lines: _Lines,
    keys: Mapping[int, str],
    *,
    known: bool,
    why: str | None,
) -> Mapping[str, Any]:
    return {
        "campaign": loaded.name,
        "known": known,
        "difference": found,
        "refused": why,
        "changes": [
            {
                "effect": line.effect,
                "line": line.line,
                "key": screen.shown(_key(line, keys), 40),
                "was": line.was,
                "becomes": line.becomes,
            }
            for line in lines.kept
        ],
    }
