"""The part of a campaign file that counts from an appointment: anchor, touches, deadline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, cast

from campaigns.core import fields, offsets
from campaigns.core.anchor import reads_back
from campaigns.core.columns import near
from campaigns.core.definition import Anchor, Offset, Schedule, Touch
from campaigns.core.reading import Path, Reading, Refused, duration, one_of, said, text

NEEDS_ANCHOR = ("touches", "deadline", "past_due", "when_closed", "min_gap", "when_moved")
"""Keys of `schedule` that mean nothing without an anchor."""
MOST_TOUCHES = 20
LONGEST_GAP = timedelta(days=30)
_OF_A_TOUCH = ("at", "max_attempts", "agent_id")
_AT: Path = ("schedule",)


def anchored(section: Mapping[str, Any], plain: Schedule, reading: Reading) -> Schedule:
    """The schedule with all that its anchor brings; `plain` holds what was read already."""
    if "anchor" not in section:
        for key in NEEDS_ANCHOR:
            if key in section:
                reading.fault(
                    (*_AT, key),
                    "schedule.anchor beside it",
                    got="none",
                    hint="name the column they count from: anchor: appointment_at",
                )
        return plain
    deadline = reading.take(section, _AT, "deadline", offsets.read, None)
    touches = _touches(section["touches"], reading) if "touches" in section else ()
    for touch, path in touches:
        if offsets.certainly_not_before(touch.offset, deadline or Offset()):
            where = "the deadline" if "deadline" in section else "the anchor, which is the deadline"
            reading.fault(
                path,
                f"a time before {where}",
                got=said(_written(section["touches"], path)),
                hint="at the deadline a touch has expired: move it, or set schedule.deadline later",
            )

    def word(key: str, *words: str) -> str:
        return reading.take(section, _AT, key, one_of(*words), words[0])

    return plain.model_copy(
        update={
            "anchor": _anchor(section["anchor"], plain, reading),
            "touches": tuple(touch for touch, _ in touches),
            "deadline": deadline,
            "past_due": cast(Literal["skip", "now"], word("past_due", "skip", "now")),
            "when_closed": cast(
                Literal["later", "earlier", "skip"],
                word("when_closed", "later", "earlier", "skip"),
            ),
            "min_gap": reading.take(section, _AT, "min_gap", _gap, plain.min_gap),
            "when_moved": cast(Literal["restart", "keep"], word("when_moved", "restart", "keep")),
        }
    )


def _anchor(value: Any, plain: Schedule, reading: Reading) -> Anchor | None:
    path: Path = (*_AT, "anchor")
    if isinstance(value, str):
        column = reading.value(value, path, text, "")
        return Anchor(column=column) if column else None
    section = reading.section(value, path, "the name of a column")
    if section is None:
        return None
    _known(section, path, ("column", "timezone", "format"), reading)
    if "column" not in section:
        reading.fault(path, "a column", got="none", hint="write anchor: {column: appointment_at}")
    zone = reading.take(section, path, "timezone", text, None)
    format = reading.take(section, path, "format", _format, None)
    if format is not None and zone is None and plain.timezone is None and "%z" not in format:
        reading.fault(
            (*path, "format"),
            "a time whose zone is known",
            got=said(format),
            hint="add timezone to the anchor: a column of IANA names, or one such as"
            " America/New_York",
        )
    column = reading.take(section, path, "column", text, "")
    return Anchor(column=column, timezone=zone, format=format) if column else None


def _format(value: Any) -> str:
    format = text(value)
    if not reads_back(format):
        hint = 'such as "%m/%d/%Y %I:%M %p"' if "%" in format else 'write for example "%Y-%m-%d"'
        raise Refused("a strptime format with year, month and day", hint=hint)
    return format


def _touches(value: Any, reading: Reading) -> tuple[tuple[Touch, Path], ...]:
    path: Path = (*_AT, "touches")
    if isinstance(value, Mapping):
        items = [(name, one, (*path, name)) for name, one in value.items()]
    elif isinstance(value, list | tuple):
        items = [(None, one, where) for one, where in reading.items(value, path)]
    else:
        reading.fault(path, "touches by name, or a list such as [-48h, -2h]", got=said(value))
        return ()
    if not items:
        reading.fault(path, "at least one touch", got="none")
    if len(items) > MOST_TOUCHES:
        reading.fault(path, f"at most {MOST_TOUCHES} touches", got=str(len(items)))
        return ()
    found: dict[str, tuple[Touch, Path]] = {}
    for name, one, where in items:
        touch = _touch(name, one, where, reading)
        if touch is None:
            continue
        if touch.name in found:
            reading.fault(where, "every touch once", got=f"{said(touch.name)} again")
        found.setdefault(touch.name, (touch, where))
    return tuple(found.values())


def _touch(name: str | None, value: Any, path: Path, reading: Reading) -> Touch | None:
    section = {"at": value} if isinstance(value, str) else reading.section(value, path, "-2h")
    if section is None:
        return None
    _known(section, path, _OF_A_TOUCH, reading)
    if "at" not in section:
        reading.fault(
            path, "a distance from the anchor", got="none", hint="add for example at: -3h"
        )
        return None
    where = path if isinstance(value, str) else (*path, "at")
    offset = reading.value(section["at"], where, offsets.read, None)
    own = section["at"].strip() if name is None and isinstance(section["at"], str) else name
    known = reading.value(own, path, _name, None)
    attempts = reading.take(section, path, "max_attempts", fields.max_attempts, None)
    agent = reading.take(section, path, "agent_id", fields.one_agent, None)
    if offset is None or known is None:
        return None
    return Touch(name=known, offset=offset, max_attempts=attempts, agent_id=agent)


def _name(value: Any) -> str:
    name = text(value)
    if len(name) > 63 or not name.isprintable():
        raise Refused("a name of at most 63 characters")
    return name


def _gap(value: Any) -> timedelta:
    gap = duration(value)
    if gap > LONGEST_GAP:
        raise Refused("a gap of at most 30d")
    return gap


def _known(section: Mapping[str, Any], path: Path, keys: tuple[str, ...], reading: Reading) -> None:
    for key in section:
        if key not in keys:
            meant = near(key, keys) or {"offset": "at", "when": "at", "tz": "timezone"}.get(key)
            hint = f"did you mean {meant}?" if meant else f"known here: {', '.join(keys)}"
            if key in ("max_retries", "retries"):
                hint = "max_attempts counts the first call: write one more"
            reading.fault((*path, key), f"a key of {path[-1]}", got="an unknown one", hint=hint)


def _written(touches: Any, path: Path) -> Any:
    one = touches[path[2]] if len(path) > 2 else touches
    return one["at"] if isinstance(one, Mapping) else one
