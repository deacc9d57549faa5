"""Where a phone may be: area codes against the library, and states as people write them."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from phonenumbers.geodata import GEOCODE_DATA

from campaigns.core import public_holidays
from campaigns.core.area_codes import AREA_CODES
from campaigns.core.places import both, places_of, state_named
from campaigns.core.reading import Refused
from campaigns.core.states import ALSO, STATES

NAMES = {name: f"{of}-{code}" for of in ("US", "CA") for code, name in STATES[of].items()}
NAMES |= {"Washington State": "US-WA", "Washington D.C.": "US-DC", "British Colombia": "CA-BC"}
NON_GEOGRAPHIC = re.compile(r"5[0-9]{2}|6[0-9]{2}|8(00|33|44|55|66|77|88)|900|710")


def regions_of(code: int) -> set[str]:
    """Countries in which the library knows a number with this area code."""
    found = {
        phonenumbers.region_code_for_number(
            phonenumbers.PhoneNumber(country_code=1, national_number=int(f"{code}{rest}"))
        )
        for rest in ("2345678", "5551234", "4560123", "7302345", "9876543")
    }
    return {region for region in found if region}


def test_area_codes_are_of_the_state_that_the_library_names() -> None:
    told = 0
    for code in range(200, 1000):
        name = GEOCODE_DATA.get(f"1{code}", {}).get("en", "")
        city = re.fullmatch(r".+, ([A-Z]{2})", name)
        parts = AREA_CODES.get(str(code), ())
        if name in NAMES:
            told += 1
            assert parts == (NAMES[name],), code
        elif city:
            told += 1
            assert [part[3:] for part in parts] == [city[1]], code
        elif "/" in name:
            told += 1
            assert set(parts) == {NAMES[one] for one in name.split("/")}, code
    assert told > 400


def test_every_geographic_area_code_of_the_library_has_its_state() -> None:
    american = 0
    for code in range(200, 1000):
        for country in regions_of(code) & {"US", "CA"}:
            if str(code) in AREA_CODES:
                american += country == "US"
                assert {part[:2] for part in AREA_CODES[str(code)]} == {country}, code
            else:
                assert NON_GEOGRAPHIC.fullmatch(str(code)), code
    assert american > 330


def test_no_area_code_is_of_a_part_that_does_not_exist() -> None:
    for code, parts in AREA_CODES.items():
        assert re.fullmatch(r"[2-9][0-9]{2}", code)
        for part in parts:
            assert part[3:] in STATES[part[:2]]
    assert {part for parts in AREA_CODES.values() for part in parts} == {
        f"{country}-{code}" for country in ("US", "CA") for code in STATES[country]
    }


@pytest.mark.parametrize(
    ("number", "places"),
    [
        ("+18505550100", ("US", "US-FL")),
        ("+13055550100", ("US", "US-FL")),
        ("+19835550100", ("US", "US-CO")),
        ("+12025550100", ("US", "US-DC")),
        ("+18005550100", ("US",)),
        ("+17875550100", ("US", "US-PR")),
        ("+16045550100", ("CA", "CA-BC")),
        ("+19025550100", ("CA", "CA-NS", "CA-PE")),  # one code, two provinces: both
        ("+18765550100", ("JM",)),
        ("+18763651234", ("JM",)),
        ("+442079460958", ("GB",)),
        ("+447624123456", ("IM",)),
        ("+61412345678", ("AU",)),
        ("+919876543210", ("IN",)),
        ("+33612345678", ("FR",)),
        ("+870773111632", ()),
        ("garbage", ()),
    ],
)
def test_the_places_of_a_number(number: str, places: tuple[str, ...]) -> None:
    assert places_of(number) == places


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("FL", "US", "US-FL"),
        ("fl", "US", "US-FL"),
        (" Fl. ", "US", "US-FL"),
        ("Florida", "US", "US-FL"),
        ("NORTH CAROLINA", "US", "US-NC"),
        ("D.C.", "US", "US-DC"),
        ("Puerto Rico", "US", "US-PR"),
        ("US-FL", "US", "US-FL"),
        ("us-fl", "CA", "US-FL"),
        ("US-FL", "", "US-FL"),
        ("Ontario", "CA", "CA-ON"),
        ("Québec", "CA", "CA-QC"),
        ("NSW", "AU", "AU-NSW"),
        ("New South Wales", "AU", "AU-NSW"),
        ("WA", "AU", "AU-WA"),
        ("WA", "US", "US-WA"),
        ("IN-MH", "IN", "IN-MH"),
        ("in-mh", "US", "IN-MH"),
    ],
)
def test_a_state_as_people_write_it(text: str, country: str, code: str) -> None:
    assert state_named(text, country) == code


@pytest.mark.parametrize(
    ("text", "country", "hint"),
    [
        ("Flordia", "US", "did you mean US-FL?"),
        ("US-XX", "US", "its codes are AL, AK"),
        ("Ontario", "US", "of another country: write CA-ON"),
        ("FL", "", "write US-FL"),
        ("Massachusets", "US", "did you mean US-MA?"),
        ("Maharashtra", "IN", ""),
        ("shipped", "US", "its codes are AL, AK"),
        ("", "US", "its codes are AL"),
    ],
)
def test_what_is_no_state_is_refused_with_the_near_one(text: str, country: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        state_named(text, country)
    assert caught.value.hint.startswith(hint)
    assert len(caught.value.hint) < 100


def test_every_state_is_read_by_its_code_and_by_its_name() -> None:
    for country, parts in STATES.items():
        for code, name in parts.items():
            for text in (code, name, name.upper(), f"{country}-{code}"):
                assert state_named(text, country) == f"{country}-{code}"
        for other, code in ALSO[country].items():
            assert state_named(other, country) == f"{country}-{code}"


def test_the_parts_are_those_of_the_holidays_too() -> None:
    assert len(STATES["US"]) == 50 + 1 + 5
    for country, parts in STATES.items():
        for code in parts:
            assert public_holidays.is_known(f"{country}-{code}")


def test_number_and_stated_state_both_count() -> None:
    assert both(("US", "US-FL"), "US-TX") == ("US", "US-FL", "US-TX")
    assert both(("US", "US-FL"), "US-FL") == ("US", "US-FL")
    assert both((), "IN-MH") == ("IN", "IN-MH")
