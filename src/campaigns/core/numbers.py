"""A text from a list becomes one E.164 number, or the sentence that says why it does not.

A wrong digit rings a stranger, so nothing is guessed: whatever a spreadsheet, an extension or a
habit did to a number is refused in words that say how to write it. Clean E.164 takes a compiled
pattern (dialplan.py), everything else the phonenumbers library.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)

from campaigns.core import dialplan, zones
from campaigns.core.part_zones import STRADDLING

_LONGEST_TEXT = 40
_LONGEST_E164 = 15
_SHORTENED = re.compile(r"[+]?[0-9]+([.,][0-9]+)?[eE][+]?[0-9]+")
_DECIMAL = re.compile(r"[+]?[0-9]{7,}[.,]0{1,2}")
_EXTENSION = re.compile(
    r"(?i)[0-9)][\s,.]*(?:;\s*ext=|,,+|[;#x]|ext(?:n|ension)?|xtn|anexo|int|доб)"
    r"[\s.:#=]*[0-9]{1,9}#?$"
)
_DIALLED = re.compile(r"\(?[+]?[0-9][0-9 ().-]*|\(?[+]? ?\([0-9][0-9 ().-]*")
_FICTIONAL = re.compile(r"[+]1[2-9][0-9]{2}55501[0-9]{2}")
_NANP = frozenset({"US", "CA"})
_NANP_NATIONAL = re.compile(r"1?([2-9][0-9]{9})")


class Accident(StrEnum):
    """What happened to a number that cannot be dialled."""

    EMPTY = "the number is empty"
    SHORTENED = "a spreadsheet shortened the number: format the column as text and export again"
    DECIMAL = "a spreadsheet made the number a decimal: format the column as text and export again"
    EXTENSION = "an extension cannot be dialled: give the number that rings without one"
    LETTERS = "letters where digits belong: write the number in digits"
    SYMBOLS = "a character that no number holds: one number a cell, digits, spaces and ( ) . - only"
    LOCAL = "a local number without its area code: write it in full"
    BARE = "neither + nor the first 0 of a number in that country: write it with + and country code"
    NO_PLUS = "no country: write it with + and country code, or set contacts.region"
    TOO_SHORT = "too few digits for a number"
    TOO_LONG = "too many digits for one number"
    NO_SUCH_COUNTRY = "no country has this code: write it with + and country code"
    NO_SUCH_REGION = "the region is no two-letter country code such as US"
    IMPOSSIBLE = "no number of its country has this many digits"
    INVALID = "no number of its country begins like this"


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """One phone, written in the only way this engine compares."""

    e164: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberFault:
    """Why a text is no number. `reason` holds nothing of the text."""

    accident: Accident

    @property
    def reason(self) -> str:
        """The sentence for a person."""
        return self.accident.value


def mask(e164: str) -> str:
    """The number as screens and logs may show it: country code and at most the last four digits."""
    code = (dialplan.country_code(e164) if e164.startswith("+") else None) or ""
    rest = e164[1 + len(code) :] if code else e164
    shown = 4 if len(rest) > 6 else 2 if len(rest) > 4 else 0
    tail = rest[len(rest) - shown :]
    if not (tail.isascii() and tail.isdigit()):
        tail = ""
    hidden = min(max(len(rest) - len(tail), 1), _LONGEST_E164)
    return f"{'+' if code else ''}{code}{'•' * hidden}{tail}"


def parse(text: str, region: str | None = None) -> Number | NumberFault:
    """The number in a cell. `region` reads national formats; without it only E.164 is read."""
    if dialplan.CLEAN.fullmatch(text) and dialplan.surely_valid(text):
        return Number(e164=text)
    if len(text) > 5 * _LONGEST_TEXT:
        return NumberFault(accident=Accident.TOO_LONG)
    tidy = _tidy(text)
    accident = _accident(tidy)
    if accident is not None:
        return NumberFault(accident=accident)
    plus = "+" if "+" in tidy else ""
    digits = "".join(filter(str.isdigit, tidy))
    compact = plus + digits
    if not plus and region is None:
        return NumberFault(accident=Accident.LOCAL if len(digits) == 7 else Accident.NO_PLUS)
    if plus:
        if dialplan.CLEAN.fullmatch(compact) and dialplan.surely_valid(compact):
            return Number(e164=compact)
        return _asked_of_the_library(compact, None)
    region = str(region).upper()
    if region in _NANP and (national := _NANP_NATIONAL.fullmatch(digits)):
        e164 = f"+1{national[1]}"
        if dialplan.surely_valid(e164):
            return Number(e164=e164)
    if region not in phonenumbers.SUPPORTED_REGIONS:
        return NumberFault(accident=Accident.NO_SUCH_REGION)
    return _asked_of_the_library(digits, region)


def is_region(region: str) -> bool:
    """Whether this two-letter code can stand in `contacts.region`."""
    return region.upper() in phonenumbers.SUPPORTED_REGIONS


@lru_cache(maxsize=4096)
def country_of(e164: str) -> str | None:
    """The two-letter country of a number; None for satellites, shared services and no number."""
    found = dialplan.region_of(e164) or ("US" if _FICTIONAL.fullmatch(e164) else "")
    return found if found.isalpha() else None


def zones_of(e164: str) -> tuple[str, ...]:
    """Every time zone in which this phone may be: sorted IANA names; empty where none is known."""
    names = dialplan.time_zones(e164)
    if names and e164.startswith("+1"):  # the library names one side of a line in a state
        names += STRADDLING.get(e164[2:5], ())
    return _candidates(names)


@lru_cache(maxsize=512)
def zones_of_country(region: str) -> tuple[str, ...]:
    """Every time zone that phones of a two-letter country may be in; of all who share its code."""
    code = phonenumbers.country_code_for_region(region)
    return _candidates(dialplan.zones_of_code(str(code)))


@lru_cache(maxsize=1024)
def _candidates(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({zones.canonical(name) for name in names} - {"Etc/Unknown"}))


def _tidy(text: str) -> str:
    """The same characters as a keyboard would have written them."""
    if not text.isascii():
        text = "".join(map(_plain, text))
    text = " ".join(text.split()).removeprefix("'")
    return text.removeprefix("tel:").strip()


def _plain(char: str) -> str:
    if "！" <= char <= "～":  # the full-width forms of ASCII
        return chr(ord(char) - 0xFEE0)
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    match unicodedata.category(char):
        case "Cf":  # direction marks that address books copy along
            return ""
        case "Pd":
            return "-"
        case "Zs":
            return " "
        case _:
            return "-" if char == "−" else char


def _accident(tidy: str) -> Accident | None:
    """What can be seen to be wrong before any country is asked."""
    if not tidy:
        return Accident.EMPTY
    if len(tidy) > _LONGEST_TEXT:
        return Accident.TOO_LONG
    if _DIALLED.fullmatch(tidy):
        return Accident.DECIMAL if _DECIMAL.fullmatch(tidy) else None
    if _SHORTENED.fullmatch(tidy):
        return Accident.SHORTENED
    if _DECIMAL.fullmatch(tidy):
        return Accident.DECIMAL
    if _EXTENSION.search(tidy):
        return Accident.EXTENSION
    if any(map(str.isalpha, tidy)):
        return Accident.LETTERS
    return Accident.SYMBOLS


def _asked_of_the_library(text: str, region: str | None) -> Number | NumberFault:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        return NumberFault(accident=_REFUSALS.get(error.error_type, Accident.INVALID))
    accident = _impossible(number)
    if accident is None and region is not None and _may_be_local(text, region, number):
        accident = Accident.BARE
    if accident is not None:
        return NumberFault(accident=accident)
    return Number(e164=phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _impossible(number: PhoneNumber) -> Accident | None:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if len(e164) > 1 + _LONGEST_E164:
        return Accident.TOO_LONG
    possible = phonenumbers.is_possible_number_with_reason(number)
    if possible != ValidationResult.IS_POSSIBLE:
        return _IMPOSSIBLE.get(possible, Accident.IMPOSSIBLE)
    # 555-0100 to 555-0199 are kept free for examples, under any area code.
    if phonenumbers.is_valid_number(number) or _FICTIONAL.fullmatch(e164):
        return None
    return Accident.INVALID


def _may_be_local(digits: str, region: str, number: PhoneNumber) -> bool:
    """Where fixed lines have many lengths, digits without the trunk prefix may lack an area code.

    The library would take their first digits for one, and a stranger's phone would ring.
    """
    prefix = _open_plan_prefix(region)
    return (
        prefix is not None
        and not digits.startswith(prefix)
        and phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE
    )


@lru_cache(maxsize=512)
def _open_plan_prefix(region: str) -> str | None:
    plan = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if plan is None or plan.fixed_line is None:
        return None
    return plan.national_prefix if len(plan.fixed_line.possible_length) >= 3 else None


_REFUSALS = {
    NumberParseException.INVALID_COUNTRY_CODE: Accident.NO_SUCH_COUNTRY,
    NumberParseException.NOT_A_NUMBER: Accident.TOO_SHORT,
    NumberParseException.TOO_SHORT_AFTER_IDD: Accident.TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: Accident.TOO_SHORT,
    NumberParseException.TOO_LONG: Accident.TOO_LONG,
}
_IMPOSSIBLE = {
    ValidationResult.INVALID_COUNTRY_CODE: Accident.NO_SUCH_COUNTRY,
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Accident.LOCAL,
    ValidationResult.TOO_SHORT: Accident.TOO_SHORT,
    ValidationResult.TOO_LONG: Accident.TOO_LONG,
    ValidationResult.INVALID_LENGTH: Accident.IMPOSSIBLE,
}
