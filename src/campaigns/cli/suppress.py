"""`suppress`: numbers that are never to be called, in any campaign or in one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from campaigns.cli import numbers_file, options, screen, state, words
from campaigns.cli.doors import complain
from campaigns.cli.numbers_file import Unreadable, Wanted
from campaigns.core import numbers
from campaigns.core.numbers import Number, NumberFault, mask
from campaigns.core.records import Unwanted
from campaigns.core.suppression import SuppressionLine
from campaigns.engine import control
from campaigns.errors import DefinitionError, Fault, InputError
from campaigns.files import exports
from campaigns.store.reads import Reads

app = typer.Typer(
    help="Numbers that are never to be called, in any campaign or in one of them.",
    no_args_is_help=True,
)
_COLUMNS = ("to_number", "reason", "source", "added_at")
_BATCH = 200

Numbers = Annotated[list[str], typer.Argument(metavar="NUMBER...", help="In E.164: +1617…")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept with the number.")]
Campaign = Annotated[
    str | None,
    typer.Option("--campaign", metavar="NAME", help="The list of this campaign alone."),
]


@app.command()
def add(
    number: Numbers,
    *,
    reason: Reason = "asked not to be called",
    campaign: Campaign = None,
    region: options.Region = None,
) -> None:
    """Never call these numbers again; waiting calls to them are dropped at once."""
    wanted = parsed(number, region)
    with state.opened() as installation:
        added, dropped = control.suppress(
            wanted, installation.parts, who=state.who(), reason=reason, campaign=campaign
        )
    screen.say(_said(added, len(wanted) - added, dropped))


@app.command()
def remove(number: Numbers, *, campaign: Campaign = None, region: options.Region = None) -> None:
    """Allow calls to these numbers again; what was dropped stays dropped."""
    wanted = parsed(number, region)
    with state.opened() as installation:
        who, parts = state.who(), installation.parts
        removed = [
            one for one in wanted if control.unsuppress(one, parts, who=who, campaign=campaign)
        ]
        left = {one: state.look(installation, _left(one)) for one in wanted}
    for one in wanted:
        others = f"on {' and '.join(words.lists(left[one]))}" if left[one] else ""
        if one not in removed:
            screen.say(f"{mask(one)} was not on the list{f', but is {others}' if others else ''}")
        elif others:
            screen.say(f"{mask(one)} is off the list, and still {others}")
        else:
            screen.say(f"{mask(one)} may be called again")


def _left(number: str) -> Callable[[Reads], Sequence[SuppressionLine]]:
    return lambda reads: reads.lists_of(number)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV with a header, or one number a line.")],
    *,
    reason: Reason = "imported",
    campaign: Campaign = None,
    region: options.Region = None,
) -> None:
    """Never call the numbers of a file. Lines that hold none are named; the others count.

    A file that `suppress list -o` wrote brings its own reasons, sources and dates.
    """
    country = region or state.settings().region
    faults = added = known = dropped = 0
    with state.opened() as installation:
        rows = iter(numbers_file.read(file, country))
        while chunk := list(islice(rows, _BATCH)):
            wanted = list(_wanted(chunk, file))
            faults += len(chunk) - len(wanted)
            unwanted = (
                Unwanted(
                    e164=one.e164,
                    reason=one.reason or reason,
                    source=one.source or "import",
                    added_at=one.added_at,
                )
                for one in wanted
            )
            new, gone = control.suppress_all(
                unwanted, installation.parts, who=state.who(), why=reason, campaign=campaign
            )
            added, known, dropped = added + new, known + len(wanted) - new, dropped + gone
    screen.say(_said(added, known, dropped))
    if faults:
        complain(
            f"{file}: {screen.count(faults, 'line')} could not be read and"
            f" {'is' if faults == 1 else 'are'} NOT on the list: mend and import again"
        )
        raise typer.Exit(1)


@app.command("list")
def list_(
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write a CSV, numbers in full."),
    ] = None,
    campaign: Campaign = None,
    limit: options.Limit = options.PAGE,
    after: options.After = None,
    as_json: options.AsJson = False,
) -> None:
    """The numbers that are never to be called; `import` reads the file that -o writes."""
    with state.opened() as installation:
        listing = state.listing(
            installation,
            lambda reads, since, size: reads.suppressions(
                campaign=campaign, after=since, limit=size
            ),
            limit=0 if output is not None else limit,
            after=after,
        )
        if output is not None:
            _write(output, listing)
            return
        if as_json:
            screen.emit_list("suppressed", listing)
            return
        now = installation.database.policy_now().policy
        screen.table(
            ("number", "since", "source", "reason"),
            (
                (
                    mask(one.to_number),
                    screen.moment(one.added_at, now),
                    one.source,
                    screen.shown(one.reason),
                )
                for one in listing
            ),
            empty="no number is on the list",
        )
    screen.more(listing.next)


def _write(output: Path, listing: Iterable[SuppressionLine]) -> None:
    erased = 0

    def rows() -> Iterator[Mapping[str, object]]:
        nonlocal erased
        for one in listing:
            if one.to_number:
                yield {name: getattr(one, name) for name in _COLUMNS}
            else:
                erased += 1

    written = exports.write_results(output, rows(), form="csv", columns=_COLUMNS)
    screen.note(f"{screen.count(written, 'number')} in {output}")
    if erased:
        screen.note(
            f"{screen.count(erased, 'erased number')} cannot be in it: they stay on the list, and"
            " only this database with its secret knows them"
        )


def parsed(texts: list[str], region: str | None) -> list[str]:
    """The numbers typed. Raises DefinitionError with every one that is none."""
    country = region or state.settings().region
    if country is not None and not numbers.is_region(country):
        raise InputError("--region takes a two-letter country code such as US")
    wanted: list[str] = []
    faults: list[Fault] = []
    for position, text in enumerate(texts, start=1):
        match numbers.parse(text, country):
            case Number(e164=e164):
                wanted.append(e164)
            case NumberFault(reason=reason):
                faults.append(
                    Fault(
                        at=f"number {position} ({mask(text.strip())})",
                        expected="a number to call",
                        got=reason.replace("set contacts.region", "use --region"),
                        hint=_with_plus(text),
                    )
                )
    if faults:
        raise DefinitionError(faults)
    return list(dict.fromkeys(wanted))


def _with_plus(text: str) -> str:
    """A number that only lacks its + is nearly right."""
    match numbers.parse(f"+{text.strip()}"):
        case Number(e164=e164):
            return f"put + before it: {mask(e164)}"
        case NumberFault():
            return ""


def _wanted(chunk: list[Wanted | Unreadable], file: Path) -> Iterator[Wanted]:
    for row in chunk:
        match row:
            case Wanted():
                yield row
            case Unreadable(line=line, reason=reason):
                complain(f"{file}:{line}: {reason}")


def _said(added: int, known: int, dropped: int) -> str:
    there = f" ({known:,} {'was' if known == 1 else 'were'} there already)" if known else ""
    calls = screen.count(dropped, "waiting call")
    return f"{screen.count(added, 'number')} added{there}; {calls} dropped"
