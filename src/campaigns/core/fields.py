"""What one key of a campaign file takes: each rule reads one value, or says what it expected."""

from __future__ import annotations

import codecs
import re
from datetime import timedelta
from typing import Any

from campaigns.core import numbers
from campaigns.core.definition import SameNumber
from campaigns.core.numbers import NumberFault, mask
from campaigns.core.reading import Refused, duration, one_line, one_of, text, whole_number

LONGEST_CALL = timedelta(hours=4)
LONGEST_WAIT = timedelta(days=30)
LONGEST_AGE = timedelta(days=366)
MOST_ATTEMPTS = 20
MOST_FIRST = 1_000
AN_ID = "an id without spaces"

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_ENCODINGS = re.compile(
    r"utf-(8|16|32)(-[bl]e)?|ascii|iso8859-[0-9]+|cp[0-9]+|mac-[a-z]+|koi8-[a-z]|shift_jis\w*"
    r"|euc_\w+|gb\w+|big5\w*|iso2022_\w+|johab|tis-620|hz"
)
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%")
_FEWEST_DIGITS = 7
_REGIONS = {"UK": "GB", "EN": "GB", "USA": "US"}


def name(value: Any) -> str:
    """The identity of a campaign."""
    written = text(value)
    if not _NAME.fullmatch(written):
        near = re.sub(r"[^a-z0-9._-]+", "-", written.lower()).strip("-._")[:63]
        raise Refused(
            "1 to 63 of a-z 0-9 . _ -, the first a letter or digit",
            hint=f"write {near}" if near else "",
        )
    return written


def is_template(written: str) -> bool:
    """Whether this is worked out from each row."""
    return "{{" in written or "{%" in written


def agent_id(value: Any) -> str:
    """The provider's id of an agent, or a template that gives one."""
    written = text(value)
    return written if is_template(written) else one_agent(written)


def one_agent(value: Any) -> str:
    """The provider's id of an agent."""
    written = text(value)
    if is_template(written):
        raise Refused(AN_ID, hint="a template stands in agent_id at the top level")
    if not is_id(written):
        raise Refused(AN_ID)
    return written


def is_id(written: str) -> bool:
    """Whether this can be an id of the provider's."""
    return len(written) <= 200 and not re.search(r"\s", written)


def from_number(value: Any) -> str:
    """A caller's number in E.164, or a template that gives one."""
    written = text(value)
    return written if is_template(written) else one_caller(written)


def one_caller(value: Any) -> str:
    """A caller's number in E.164."""
    written = text(value)
    if is_template(written):
        raise Refused("a number in E.164", hint="a template stands alone, not in a list")
    number = numbers.parse(written)
    if isinstance(number, NumberFault):
        raise Refused(
            "a number in E.164 such as +16175550100", got=_masked(written), hint=number.reason
        )
    return number.e164


def max_duration(value: Any) -> timedelta:
    """How long a call may last."""
    longest = duration(value, plain_seconds=True)
    if not timedelta(seconds=1) <= longest <= LONGEST_CALL:
        raise Refused("a duration from 1s to 4h")
    return longest


def region(value: Any) -> str:
    """A country by its two letters."""
    written = text(value).upper()
    if not numbers.is_region(written):
        meant = _REGIONS.get(written)
        raise Refused(
            "a country by its two letters, such as US", hint=f"write {meant}" if meant else ""
        )
    return written


def encoding(value: Any) -> str:
    """An encoding of text, by the one name Python has for it."""
    expected = "an encoding such as utf-8, cp1252 or utf-16"
    written = text(value)
    try:
        found = codecs.lookup(written).name
    except (LookupError, ValueError):
        hint = "Windows calls it ANSI: write cp1252" if written.lower() == "ansi" else ""
        raise Refused(expected, hint=hint) from None
    if found == "utf-8-sig":
        return "utf-8"
    if not _ENCODINGS.fullmatch(found):
        raise Refused(expected)
    return found


def file_name(value: Any) -> str:
    """One file as it is named, or a pattern of which the newest is meant."""
    written = text(value)
    folder, _, _ = written.rpartition("/")
    if is_pattern(folder):
        raise Refused("a pattern in the file's own name", hint="name its folder in full")
    return written


def is_pattern(name: str) -> bool:
    """Whether it names a file by a pattern."""
    return "*" in name or "?" in name


def same_number(value: Any) -> SameNumber:
    """What a second row with the same number gets."""
    return SameNumber(one_of(*SameNumber)(value))


def max_attempts(value: Any) -> int:
    """How often one contact is called, the first call included."""
    return whole_number(value, 1, MOST_ATTEMPTS)


def first_calls(value: Any) -> int:
    """How many contacts are called before a person approves."""
    return whole_number(value, 1, MOST_FIRST)


def wait(value: Any) -> timedelta:
    """The time between two attempts."""
    if isinstance(value, str) and "," in value:
        raise Refused("a duration, or a list of them", hint=f"write [{one_line(value)}]")
    found = duration(value)
    if found > LONGEST_WAIT:
        raise Refused("a wait of at most 30d")
    if not found:
        raise Refused("a wait of at least 1s", hint="`never` switches it off")
    return found


def _masked(written: str) -> str:
    digits = "".join(filter(str.isdigit, written))
    if len(digits) < _FEWEST_DIGITS:
        return one_line(written)  # nobody's number: whoever typed it may see it
    return mask(f"+{digits}" if written.startswith("+") else digits)


def age(value: Any) -> timedelta:
    """How old a file may be."""
    found = duration(value)
    if not timedelta(minutes=1) <= found <= LONGEST_AGE:
        raise Refused("a duration from 1m to 366d")
    return found


def share(value: Any) -> float:
    """`20%`, as a share of one."""
    written = text(value)
    found = _SHARE.fullmatch(written)
    if found is None:
        hint = f"write {written}%" if written.isascii() and written.isdigit() else ""
        raise Refused("a share from 0% to 100%", hint=hint)
    of_hundred = float(found[1])
    if of_hundred > 100:
        raise Refused("a share from 0% to 100%")
    return of_hundred / 100
