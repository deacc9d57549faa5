"""A campaign file's tree of texts becomes a definition, or every fault in it at once.

The tree holds texts, lists and mappings only: what a text means is decided here by the key it
stands under, never by YAML, so that `+1800…`, `0412…`, `17:00` and `no` are simply right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, cast

from campaigns.core import cron, fields
from campaigns.core.definition import (
    HOUSE_HOURS,
    PURPOSES,
    USUAL_DURATION,
    Budget,
    CallingHours,
    Contacts,
    Definition,
    OptOut,
    Pacing,
    Retry,
    Schedule,
)
from campaigns.core.parsing_calls import consent, known, retry
from campaigns.core.parsing_limits import budget, caps, opt_out, pacing
from campaigns.core.parsing_touches import anchored
from campaigns.core.reading import At, Path, Reading, boolean, one_of, said, text
from campaigns.core.wall import instant, zone_name
from campaigns.core.weekhours import calling_hours
from campaigns.errors import DefinitionError, Fault


def parse(tree: Mapping[str, Any], at: At, *, columns: frozenset[str] = frozenset()) -> Definition:
    """The definition in a tree of texts; `at` answers `file:line` for a path.

    `columns` names keys of the top level that may be absent, because each row has its own.
    Raises DefinitionError with every fault.
    """
    definition, faults = read(tree, at, columns=columns)
    if faults:
        raise DefinitionError(faults)
    return definition


def read(
    tree: Mapping[str, Any], at: At, *, columns: frozenset[str] = frozenset()
) -> tuple[Definition, Sequence[Fault]]:
    """The same, with its faults beside it: a default stands where one is."""
    reading = Reading(at)
    known(tree, (), reading)
    definition = Definition(
        name=reading.need(tree, "name", fields.name, "add for example name: reminders"),
        purpose=reading.take(tree, (), "purpose", one_of(*PURPOSES), None),
        consent=consent(tree["consent"], reading) if "consent" in tree else None,
        disclosure=reading.take(tree, (), "disclosure", text, None),
        agent_id=_own(tree, "agent_id", fields.agent_id, reading, columns),
        **_callers(tree, reading, columns),
        max_duration=reading.take(tree, (), "max_duration", fields.max_duration, USUAL_DURATION),
        recording=reading.take(tree, (), "recording", boolean, default=False),
        contacts=_contacts(tree, reading),
        context=_context(tree["context"], reading) if "context" in tree else None,
        schedule=_schedule(tree["schedule"], reading) if "schedule" in tree else Schedule(),
        calling_hours=_hours(tree, reading),
        retry=retry(tree["retry"], reading) if "retry" in tree else Retry(),
        pacing=pacing(tree["pacing"], reading) if "pacing" in tree else Pacing(),
        budget=budget(tree["budget"], reading) if "budget" in tree else Budget(),
        caps=caps(tree["caps"], reading) if "caps" in tree else (),
        opt_out=opt_out(tree["opt_out"], reading) if "opt_out" in tree else OptOut(),
    )
    _clocks(definition, tree, reading)
    return definition, reading.faults


def _clocks(definition: Definition, tree: Mapping[str, Any], reading: Reading) -> None:
    """What fires by a clock needs one; and there must be something to read again."""
    contacts, schedule = definition.contacts, definition.schedule
    firing = {("contacts", "refresh"): contacts.refresh, ("schedule", "cron"): schedule.cron}
    section = tree.get("schedule")
    told = isinstance(section, Mapping) and "timezone" in section
    for path, written in firing.items():
        if written is not None and schedule.timezone is None and not told:
            reading.fault(
                path,
                "schedule.timezone beside it",
                got="none",
                hint="say whose clock it is: schedule: {timezone: America/New_York}",
            )
    if contacts.rows is not None and contacts.refresh is not None:
        reading.fault(
            ("contacts", "refresh"),
            "a file that can be read again",
            got="rows",
            hint="move the rows into a CSV file, or remove refresh",
        )
    if contacts.max_age is not None and contacts.refresh is None:
        reading.fault(("contacts", "max_age"), "contacts.refresh beside it", got="none")


def _own(
    tree: Mapping[str, Any], key: str, rule: Any, reading: Reading, columns: frozenset[str]
) -> str:
    if key in columns and key not in tree:
        return ""
    example = "agent_id: agent_reminder" if key == "agent_id" else 'from_number: "+16175550100"'
    return reading.need(tree, key, rule, f"add for example {example}")


def _callers(
    tree: Mapping[str, Any], reading: Reading, columns: frozenset[str]
) -> Mapping[str, Any]:
    """The caller's number, and the list that it is the first of."""
    value = tree.get("from_number")
    if not isinstance(value, list | tuple):
        return {"from_number": _own(tree, "from_number", fields.from_number, reading, columns)}
    path: Path = ("from_number",)
    if not value:
        reading.fault(path, "a number in E.164, or a list of them", got="an empty list")
    found: list[str] = []
    for item, where in reading.items(value, path):
        number = reading.value(item, where, fields.one_caller, "")
        if number and number in found:
            reading.fault(where, "every number once", got="one of the list again")
        elif number:
            found.append(number)
    return {"from_number": found[0] if found else "", "from_numbers": tuple(found)}


def _contacts(tree: Mapping[str, Any], reading: Reading) -> Contacts:
    path: Path = ("contacts",)
    if "contacts" not in tree:
        reading.fault(path, "a value", got="none", hint="add contacts: people.csv")
        return Contacts()
    value = tree["contacts"]
    if isinstance(value, str):
        return Contacts(file=reading.value(value, path, fields.file_name, None))
    section = reading.section(value, path, "a file name")
    if section is None:
        return Contacts()
    known(section, path, reading)
    if ("file" in section) == ("rows" in section):
        got = "both" if "file" in section else "neither"
        reading.fault(path, "either `file` or `rows`", got=got)

    def column(key: str) -> str | None:
        return reading.take(section, path, key, text, None)

    same = reading.take(section, path, "same_number", fields.same_number, None)
    evidence = reading.take(section, path, "zone_evidence", one_of("both", "stated"), "both")
    file_is = reading.take(
        section, path, "file_is", one_of("whole_list", "additions"), "whole_list"
    )
    return Contacts(
        file=reading.take(section, path, "file", fields.file_name, None),
        rows=_rows(section, reading) if "rows" in section else None,
        columns=_columns(section, reading) if "columns" in section else (),
        to_number=column("to_number"),
        key=column("key"),
        timezone=column("timezone"),
        state=column("state"),
        region=reading.take(section, path, "region", fields.region, None),
        where=column("where"),
        same_number=same,
        encoding=reading.take(section, path, "encoding", fields.encoding, "utf-8"),
        zone_evidence=cast(Literal["both", "stated"], evidence),
        file_is=cast(Literal["whole_list", "additions"], file_is),
        refresh=reading.take(section, path, "refresh", cron.refresh, None),
        max_age=reading.take(section, path, "max_age", fields.age, None),
        max_withdrawn=reading.take(section, path, "max_withdrawn", fields.share, 0.2),
        max_rejected=reading.take(section, path, "max_rejected", fields.share, 0.1),
    )


def _columns(section: Mapping[str, Any], reading: Reading) -> tuple[str, ...]:
    path: Path = ("contacts", "columns")
    if "file" in section:
        reading.fault(path, "nothing beside `file`", got="a list", hint="the file names its own")
    found = [
        reading.value(item, where, text, "")
        for item, where in reading.items(section["columns"], path)
    ]
    if not found:
        hint = "name them: columns: [to_number, patient]"
        reading.fault(path, "a list of columns", got="nothing", hint=hint)
    return tuple(dict.fromkeys(filter(None, found)))


def _rows(section: Mapping[str, Any], reading: Reading) -> tuple[Mapping[str, str], ...]:
    path: Path = ("contacts", "rows")
    value = section["rows"]
    if not isinstance(value, list | tuple) or not (value or "columns" in section):
        hint = 'write each as - {to_number: "+16175550123", patient: Ann Lee}'
        if isinstance(value, list | tuple):
            hint += ", or name `columns` for contacts that come one at a time"
        reading.fault(
            path, "a list of contacts", got=said(value) if value else "nothing", hint=hint
        )
        return ()
    rows = []
    for item, where in reading.items(value, path):
        row = reading.section(item, where) or {}
        for key, cell in row.items():
            if not isinstance(cell, str):
                reading.fault((*where, key), "a text", got=said(cell))
            if not key.strip():
                reading.fault(where, "a name for each value", got="none")
        rows.append({key: cell for key, cell in row.items() if isinstance(cell, str)})
    return tuple(rows)


def _context(value: Any, reading: Reading) -> Mapping[str, str] | Literal["all"] | None:
    if isinstance(value, str) and value.strip() == "all":
        return "all"
    path: Path = ("context",)
    section = reading.section(value, path, "`all`")
    told: dict[str, str] = {}
    for key, template in (section or {}).items():
        if not key.strip():
            reading.fault(path, "a name for each value", got="none")
        reading.value(template, (*path, key), text, "")
        told[key] = template if isinstance(template, str) else ""
    return told


def _schedule(value: Any, reading: Reading) -> Schedule:
    path: Path = ("schedule",)
    section = reading.section(value, path)
    if section is None:
        return Schedule()
    known(section, path, reading)
    zone = reading.take(section, path, "timezone", zone_name, None)
    wrong = zone is None and "timezone" in section

    def read(written: Any) -> datetime:
        return instant(written, zone, zone_is_wrong=wrong)

    repeated = reading.take(section, path, "cron", cron.expression, None)
    if repeated is not None and "anchor" in section:
        reading.fault(
            (*path, "cron"),
            "either cron or anchor",
            got="both",
            hint="touches are counted from each appointment; contacts.refresh reads the list again",
        )
    start = reading.take(section, path, "start", read, None)
    end = reading.take(section, path, "end", read, None)
    if not wrong and start is not None and end is not None and end <= start:
        reading.fault(
            (*path, "end"),
            "an instant after schedule.start",
            got=f"{said(section['end'])}, which is not after {said(section['start'])}",
        )
    if repeated and zone and start and end:
        first = cron.next_firing(repeated, zone, start - timedelta(microseconds=1))
        if first is None or first >= end:
            reading.fault((*path, "cron"), "a firing between start and end", got="none")
    plain = Schedule(start=start, end=end, timezone=zone, cron=repeated)
    return anchored(section, plain, reading)


def _hours(tree: Mapping[str, Any], reading: Reading) -> CallingHours:
    if "calling_hours" not in tree:
        return HOUSE_HOURS
    path: Path = ("calling_hours",)
    value = tree["calling_hours"]
    if isinstance(value, Mapping):
        known(value, path, reading)
    return calling_hours(value, reading, path)
