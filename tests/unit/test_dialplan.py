"""Our patterns against the phonenumbers library: every region, every type, and their neighbours."""

from __future__ import annotations

import random
from collections.abc import Iterator

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType
from phonenumbers import timezone as library_zones

from campaigns.core import dialplan, zones
from campaigns.core.numbers import Number, NumberFault, parse, zones_of


def read(text: str, region: str | None = None) -> str:
    """The E.164 number, or the name of the accident."""
    match parse(text, region):
        case Number(e164=e164):
            return e164
        case NumberFault(accident=accident):
            return accident.name


def examples() -> Iterator[tuple[str, str]]:
    """(region, E.164) of every type of every region the library knows."""
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in PhoneNumberType.values():
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                yield region, phonenumbers.format_number(number, PhoneNumberFormat.E164)
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        number = phonenumbers.example_number_for_non_geo_entity(code)
        if number is not None:
            yield "001", phonenumbers.format_number(number, PhoneNumberFormat.E164)


def neighbours(seed: int) -> Iterator[str]:
    """Examples with digits changed, added and lost, and digits at random after every code."""
    chance = random.Random(seed)
    for e164 in sorted({e164 for _, e164 in examples()}):
        first = 1 + len(dialplan.country_code(e164) or "")
        yield e164
        # A trunk prefix that does not belong there, and that the library may take away.
        yield e164[:first] + chance.choice(["0", "1", "8", "9", "15", "06"]) + e164[first:]
        for _ in range(6):
            digits = list(e164)
            for _ in range(chance.randint(1, 4)):
                digits[chance.randrange(first, len(digits))] = chance.choice("0123456789")
            if chance.random() < 0.1:
                digits.append(chance.choice("0123456789"))
            yield "".join(digits[: -1 if chance.random() < 0.1 else None])
    for code in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE):
        for _ in range(12):
            rest = "".join(chance.choices("0123456789", k=chance.randint(5, 12)))
            yield f"+{code}{rest}"


def test_the_fast_path_never_says_anything_but_what_the_library_says() -> None:
    seen = fast = 0
    for text in neighbours(seed=11):
        if not dialplan.CLEAN.fullmatch(text):
            continue
        try:
            number = phonenumbers.parse(text)
        except NumberParseException:
            assert not dialplan.surely_valid(text), text
            continue
        same = phonenumbers.format_number(number, PhoneNumberFormat.E164) == text
        valid = same and phonenumbers.is_valid_number(number)
        surely = dialplan.surely_valid(text)
        assert valid or not surely, text
        if valid:
            seen, fast = seen + 1, fast + surely
            theirs = library_zones.time_zones_for_number(number)
            ours = dialplan.time_zones(text)
            assert ours == (() if theirs == ("Etc/Unknown",) else theirs), text
            assert dialplan.region_of(text) == phonenumbers.region_code_for_number(number), text
    assert seen > 3_000
    assert fast / seen > 0.97


def test_every_country_can_be_written_its_own_way() -> None:
    for region, e164 in examples():
        number = phonenumbers.parse(e164)
        if not phonenumbers.is_valid_number(number):
            continue
        abroad = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
        assert read(abroad) == e164
        if region == "001":
            continue
        home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
        try:
            theirs = phonenumbers.parse(home, region)
        except NumberParseException:
            continue
        answer = read(home, region)
        expected = phonenumbers.format_number(theirs, PhoneNumberFormat.E164)
        assert answer == expected or not answer.startswith("+"), (region, home)


def test_every_zone_of_every_number_can_be_loaded() -> None:
    for _, e164 in examples():
        names = zones_of(e164)
        assert list(names) == sorted(set(names))
        assert all(zones.load(name) and zones.canonical(name) == name for name in names)
