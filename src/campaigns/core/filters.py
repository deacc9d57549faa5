"""The closed list of template filters, each bounded in what it takes and what it makes.

Jinja's own are not used: `replace` chained on itself grows without end, `int` turns a text that is
no number into 0, and both would reach a person on the phone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from jinja2 import Undefined
from jinja2.filters import do_title

from campaigns.core import spoken
from campaigns.core.languages import LANGUAGES

WORK_LIMIT = 16_384
"""Characters that any step of a template may make."""
_LONGEST_NUMBER = 40
_MISSING = object()


class FilterFault(ValueError):
    """A filter cannot make anything of a value; says why, not what it was."""


def as_text(value: object) -> str:
    """The value as it is told to the agent; a missing one raises what its environment raises."""
    if isinstance(value, (list, tuple)):
        raise FilterFault("a list where one text is needed: use join")
    text = str(value)
    if len(text) > WORK_LIMIT:
        raise FilterFault("too long to work with")
    return text


def _list(value: object) -> list[object]:
    if isinstance(value, (list, tuple)):
        return list(value)
    as_text(value)
    raise FilterFault("one text where a list is needed: write it as [a, b], or use split")


def is_empty(value: object) -> bool:
    """What `default` replaces: a missing column, an empty cell, an empty text."""
    return isinstance(value, Undefined) or value == ""


def _default(value: object, instead: object = "") -> object:
    return instead if is_empty(value) else value


def _replace(value: object, old: object, new: object) -> str:
    text, before, after = as_text(value), as_text(old), as_text(new)
    if not before:
        raise FilterFault("nothing to replace: the first text is empty")
    if len(text) + text.count(before) * (len(after) - len(before)) > WORK_LIMIT:
        raise FilterFault("too long to work with")
    return text.replace(before, after)


def _split(value: object, by: object = None) -> list[str]:
    separator = None if by is None else as_text(by)
    if separator == "":
        raise FilterFault("no separator to split by")
    return [part.strip() for part in as_text(value).split(separator)]


def _join(value: object, by: object = "") -> str:
    parts, separator = [as_text(part) for part in _list(value)], as_text(by)
    if sum(map(len, parts)) + len(separator) * len(parts) > WORK_LIMIT:
        raise FilterFault("too long to work with")
    return separator.join(parts)


def _end(value: object, index: int) -> object:
    items = _list(value) if isinstance(value, (list, tuple)) else as_text(value)
    if not items:
        raise FilterFault("nothing in it")
    return items[index]


def _number(value: object, default: object) -> float | int | None:
    """None: the default applies."""
    if isinstance(value, (int, float)):
        return value
    text = as_text(value).strip()
    try:
        if len(text) > _LONGEST_NUMBER or "_" in text or not text.isascii():
            raise ValueError
        found = int(text) if text.lstrip("+-").isdigit() else float(text)
        if not math.isfinite(found):
            raise ValueError
    except ValueError:
        if default is _MISSING:
            raise FilterFault("not a number") from None
        return None
    return found


def _int(value: object, default: object = _MISSING) -> object:
    found = _number(value, default)
    return default if found is None else int(found)


def _float(value: object, default: object = _MISSING) -> object:
    found = _number(value, default)
    return default if found is None else float(found)


def _round(value: object, digits: object = 0) -> object:
    if not isinstance(digits, int) or not 0 <= digits <= 10:
        raise FilterFault("round takes 0 to 10 digits")
    found = _number(value, _MISSING)
    assert found is not None
    return round(found, digits) if digits else round(found)


def _truncate(value: object, length: object) -> str:
    if not isinstance(length, int) or length < 1:
        raise FilterFault("truncate takes a number of characters")
    return as_text(value)[:length].rstrip()


def _spoken(value: object, zone: str | None, locale: object, now: datetime | None) -> str:
    written = value if isinstance(value, spoken.Written) else as_text(value)
    return spoken.say(written, zone, locale=as_text(locale), relative_to=now)


FILTERS: Mapping[str, str] = {
    "capitalize": "the first letter large, the others small",
    "default": "an empty or missing cell becomes this text: {{ name | default('there') }}",
    "first": "the first of a list, or the first character: {{ name | split | first }}",
    "float": "the text as a number; with an argument, that one where it is none",
    "int": "the text as a whole number; with an argument, that one where it is none",
    "join": "a list as one text: {{ [street, city] | join(', ') }}",
    "last": "the last of a list, or the last character",
    "length": "how many characters, or how many in a list",
    "lower": "all letters small",
    "map": "a column of all rows of this call, with same_number: group:"
    " {{ group | map(attribute='patient') | join(' and ') }}; default='…' for empty cells;"
    " map('spoken') and others do to each text of a list what they do to one",
    "replace": "one text for another: {{ name | replace('_', ' ') }}",
    "round": "to a whole number, or to so many digits: {{ balance | round(2) }}",
    "split": "a text as a list, at spaces or at a separator: {{ tags | split(';') }}",
    "spoken": "a date-time as it is said: Tuesday, March 10 at 2 PM, in the zone it was written in;"
    " spoken('relative') says today, tomorrow or the weekday, as of the call;"
    f" spoken(locale='es') and spoken('relative', 'es') speak {', '.join(LANGUAGES)}",
    "title": "each word with a large first letter",
    "trim": "without spaces at both ends",
    "truncate": "at most so many characters: {{ note | truncate(200) }}",
    "upper": "all letters large",
}
"""Every filter a template may use, with one line of what it does."""

AS_TEXT = "as text"
"""A filter that no template can name: what `a ~ b` does with its parts."""
EACH, FILLED = "each", "filled"
"""The same for `map`: what it does to each text, and where it has a default."""
EACH_MAY = ("spoken", "capitalize", "title", "lower", "upper", "trim")
LATER = frozenset({"selectattr", "rejectattr", "sum", "groupby"})
"""Filters that choose among grouped contacts, which is not there yet."""


def functions(zone: str | None) -> dict[str, Callable[..., Any]]:
    """What runs behind the names in FILTERS; `zone` is for date-times without an offset."""
    table: dict[str, Callable[..., Any]] = {
        AS_TEXT: as_text,
        EACH: lambda values, name, *args: [table[name](value, *args) for value in _list(values)],
        FILLED: lambda values, instead: [_default(value, instead) for value in _list(values)],
        "capitalize": lambda value: as_text(value).capitalize(),
        "default": _default,
        "first": lambda value: _end(value, 0),
        "float": _float,
        "int": _int,
        "join": _join,
        "last": lambda value: _end(value, -1),
        "length": lambda value: len(value if isinstance(value, (list, tuple)) else as_text(value)),
        "lower": lambda value: as_text(value).lower(),
        "replace": _replace,
        "round": _round,
        "split": _split,
        "spoken": lambda value, locale, now=None: _spoken(value, zone, locale, now),
        "title": lambda value: do_title(as_text(value)),
        "trim": lambda value: as_text(value).strip(),
        "truncate": _truncate,
        "upper": lambda value: as_text(value).upper(),
    }
    return table
