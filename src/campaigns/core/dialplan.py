"""The numbering plans of the world as one compiled pattern per country code.

The phonenumbers library answers the same questions, exactly but slowly (20 µs each). These
patterns are written from its own metadata at first use, and a test holds them against it for
every region; what they do not match is left to the library, never refused here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    REGION_CODE_FOR_NON_GEO_ENTITY,
    PhoneMetadata,
    PhoneNumberDesc,
    PhoneNumberType,
    is_number_type_geographical,
)
from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

CLEAN = re.compile(r"\+[1-9][0-9]{6,14}")
_NOTHING = "(?!)"
_CODES = {str(code): tuple(regions) for code, regions in COUNTRY_CODE_TO_REGION_CODE.items()}


def country_code(e164: str) -> str | None:
    """The digits after the plus that name the country; no code begins another."""
    for end in (2, 3, 4):
        code = e164[1:end]
        if code in _CODES:
            return code
    return None


def region_of(e164: str) -> str | None:
    """What the library's `region_code_for_number` answers; None where it has no answer."""
    code = country_code(e164)
    if code is None:
        return None
    named, start = _CODES[code], 1 + len(code)
    if len(named) == 1:
        return named[0]
    return next((one for one in named if _claims(code, one).match(e164, start)), None)


def surely_valid(e164: str) -> bool:
    """True only where the library would read the text as this very number, and call it valid."""
    code = country_code(e164)
    return code is not None and _valid(code).match(e164, 1 + len(code)) is not None


def time_zones(e164: str) -> tuple[str, ...]:
    """What the library's `time_zones_for_number` answers; empty where it has no answer."""
    code = country_code(e164)
    if code is None:
        return ()
    start = 1 + len(code)
    if _geographical(code).match(e164, start):
        digits = e164[1 : 1 + TIMEZONE_LONGEST_PREFIX]
        for end in range(len(digits), 0, -1):
            found = TIMEZONE_DATA.get(digits[:end])
            if found is not None:
                return tuple(found)
        return ()
    if _any_type(code).match(e164, start):
        return zones_of_code(code)
    return ()


def zones_of_code(code: str) -> tuple[str, ...]:
    """The time zones of all numbers of a country code; empty where the library has none."""
    return tuple(TIMEZONE_DATA.get(code, ()))


@lru_cache(maxsize=512)
def _valid(code: str) -> re.Pattern[str]:
    prefix = _metadata(code, _CODES[code][0]).national_prefix_for_parsing
    # Digits that may be a national prefix could be stripped: for the library to decide.
    return re.compile((f"(?!{prefix})" if prefix else "") + _by_region(code, _types))


@lru_cache(maxsize=512)
def _claims(code: str, region: str) -> re.Pattern[str]:
    """Whether a number is of this region, where no earlier one of its code claims it."""
    metadata = _metadata(code, region)
    return re.compile(metadata.leading_digits or _types(metadata))


@lru_cache(maxsize=512)
def _any_type(code: str) -> re.Pattern[str]:
    return re.compile(_by_region(code, _types))


@lru_cache(maxsize=512)
def _geographical(code: str) -> re.Pattern[str]:
    mobile_too = is_number_type_geographical(PhoneNumberType.MOBILE, int(code))

    def pattern(metadata: PhoneMetadata) -> str:
        return _geographical_types(metadata, mobile_too=mobile_too)

    return re.compile(_by_region(code, pattern))


def _metadata(code: str, region: str) -> PhoneMetadata:
    if region == REGION_CODE_FOR_NON_GEO_ENTITY:
        found = PhoneMetadata.metadata_for_nongeo_region(int(code))
    else:
        found = PhoneMetadata.metadata_for_region(region)
    assert found is not None, code
    return found


def _by_region(code: str, pattern: Callable[[PhoneMetadata], str]) -> str:
    """The library's walk over the regions of a code, the first that claims a number decides."""
    named = _CODES[code]
    if len(named) == 1:
        return pattern(_metadata(code, named[0]))
    walk = _NOTHING
    for region in reversed(named):
        metadata = _metadata(code, region)
        mine = pattern(metadata)
        claims = _claims(code, region).pattern
        walk = f"(?:(?={claims}){mine}|(?!{claims}){walk})"
    return walk


def _types(metadata: PhoneMetadata) -> str:
    """Any type of number at all."""
    kinds = [*_special(metadata), metadata.fixed_line]
    if not metadata.same_mobile_and_fixed_line_pattern:
        kinds.append(metadata.mobile)
    return f"(?={_whole([metadata.general_desc])}){_whole(kinds)}"


def _geographical_types(metadata: PhoneMetadata, *, mobile_too: bool) -> str:
    kinds = [metadata.fixed_line]
    if mobile_too and not metadata.same_mobile_and_fixed_line_pattern:
        kinds.append(metadata.mobile)
    special = _whole(_special(metadata))
    return f"(?={_whole([metadata.general_desc])})(?!{special}){_whole(kinds)}"


def _special(metadata: PhoneMetadata) -> list[PhoneNumberDesc | None]:
    """The types that the library asks before fixed lines and mobiles."""
    return [
        metadata.premium_rate,
        metadata.toll_free,
        metadata.shared_cost,
        metadata.voip,
        metadata.personal_number,
        metadata.pager,
        metadata.uan,
        metadata.voicemail,
    ]


def _whole(kinds: Sequence[PhoneNumberDesc | None]) -> str:
    """One pattern for whole national numbers of any of these types, of a length they allow."""
    patterns = []
    for kind in kinds:
        if kind is None or not kind.national_number_pattern:
            continue
        lengths = "|".join(f"[0-9]{{{length}}}" for length in kind.possible_length)
        allowed = rf"(?=(?:{lengths})\Z)" if lengths else ""
        patterns.append(rf"{allowed}(?:{kind.national_number_pattern})\Z")
    return f"(?:{'|'.join(patterns)})" if patterns else _NOTHING
