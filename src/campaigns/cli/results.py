"""`results`: one row per contact, as a file for a spreadsheet or a program."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from campaigns.bootstrap import Installation
from campaigns.cli import options, screen, state
from campaigns.cli.doors import Misused
from campaigns.core.lifecycle import Outcome
from campaigns.files import exports


class Form(StrEnum):
    """How results are written."""

    CSV = "csv"
    JSONL = "jsonl"


def results(
    name: options.CampaignName,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to; without it, stdout."),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="FORM", help="csv or jsonl; csv unless FILE is .jsonl."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Only what ended since: 2026-03-09T09:00Z, or 24h for the last 24 hours.",
        ),
    ] = None,
    outcomes: options.Outcomes = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
) -> None:
    """Write the results: every contact, its outcome and its last call, numbers in full."""
    chosen = _form(_named(form), output, as_json=as_json)
    wanted = options.chosen(Outcome, "--outcome", outcomes)
    with state.opened() as installation:
        begin = options.since(since, installation.database.policy_now().policy)
        write(installation, name, output, form=chosen, since=begin, outcomes=wanted)


def write(
    installation: Installation,
    name: str,
    output: Path | None,
    *,
    form: str | None = None,
    since: datetime | None = None,
    outcomes: Collection[Outcome] = (),
) -> None:
    """Write results, None: to stdout; how many, and what is missing from them, is said on stderr.

    Raises UnknownName.
    """
    chosen = form or _form(None, output, as_json=False)
    tally = _Tally()
    rows = tally.counted(
        state.listing(
            installation,
            lambda reads, after, size: reads.results(
                name, since=since, outcomes=outcomes, after=after, limit=size
            ),
        )
    )
    beside = state.look(installation, lambda reads: reads.rows_beside(name))
    if output is None:
        exports.WRITERS[chosen](sys.stdout, rows, exports.RESULT_COLUMNS)
        sys.stdout.flush()
    else:
        exports.write_results(output, rows, form=chosen)
    where = "" if output is None else f" in {output}"
    open_ones = f", {tally.open:,} of them still without an outcome" if tally.open else ""
    screen.note(f"{screen.count(tally.rows, 'result')}{where}{open_ones}")
    faulty = beside.rejected + beside.duplicate
    if faulty:
        screen.note(
            f"{screen.count(faulty, 'row')} of the list became no contact:"
            f" `campaigns contacts {name} --rejected`"
        )


class _Tally:
    """Counts what passes."""

    def __init__(self) -> None:
        self.rows = self.open = 0

    def counted(self, rows: Iterable[Mapping[str, object]]) -> Iterator[Mapping[str, object]]:
        for row in rows:
            self.rows += 1
            self.open += row["outcome"] is None
            yield row


def _named(form: str | None) -> Form | None:
    if form is None:
        return None
    try:
        return Form(form)
    except ValueError:
        raise Misused(f"--format {form[:40]}: not yet: csv or jsonl") from None


def _form(form: Form | None, output: Path | None, *, as_json: bool) -> str:
    if as_json and form is Form.CSV:
        raise Misused("--json and --format csv contradict each other: leave one out")
    if as_json:
        return Form.JSONL.value
    if form is not None:
        return form.value
    ending = "" if output is None else output.suffix.lower()
    if ending in {".parquet", ".xlsx"}:
        raise Misused(f"{ending} is not yet supported: use .csv or .jsonl")
    return (Form.JSONL if ending in {".jsonl", ".ndjson"} else Form.CSV).value
