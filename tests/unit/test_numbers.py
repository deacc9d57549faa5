"""Numbers: many ways to write one, one way to keep it, and a sentence for everything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core import dialplan
from campaigns.core.numbers import (
    Accident,
    Number,
    NumberFault,
    country_of,
    is_region,
    mask,
    parse,
    zones_of,
)


def read(text: str, region: str | None = None) -> str:
    """The E.164 number, or the name of the accident."""
    match parse(text, region):
        case Number(e164=e164):
            return e164
        case NumberFault(accident=accident):
            return accident.name


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+16175550100", None),
        ("+1 617 555 0100", None),
        ("+1-617-555-0100", None),
        ("+1 (617) 555.0100", None),
        ("(617) 555-0100", "US"),
        ("617.555.0100", "us"),
        ("6175550100", "CA"),
        ("16175550100", "US"),
        ("1 617 555 0100", "US"),
        ("+16175550100", "DE"),
        ("  +16175550100  ", None),
        ("'+16175550100", None),
        ("tel:+1-617-555-0100", None),
        ("＋１ （６１７） ５５５－０１００", None),
        ("٦١٧٥٥٥٠١٠٠", "US"),
        ("\u202a+1\u00a0617\u2011555\u20110100\u202c", None),
        ("+1 617 555\u22120100", None),
    ],
)
def test_every_usual_way_to_write_a_number_is_the_same_number(
    text: str, region: str | None
) -> None:
    assert read(text, region) == "+16175550100"


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("(+44) 20 7946 0958", None, "+442079460958"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("0044 20 7946 0958", "FR", "+442079460958"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("612345678", "FR", "+33612345678"),  # the spreadsheet took the zero
        ("+39 06 698 12345", None, "+390669812345"),  # Italy keeps its zero
        ("0 11 15-2345-6789", "AR", "+5491123456789"),
        ("030 901820", "DE", "+4930901820"),
        ("15123456789", "DE", "+4915123456789"),
        ("13812345678", "CN", "+8613812345678"),
        ("0412 345 678", "AU", "+61412345678"),
    ],
)
def test_national_formats_are_read_by_their_region(text: str, region: str, expected: str) -> None:
    assert read(text, region) == expected


@pytest.mark.parametrize(
    ("text", "region", "accident"),
    [
        ("", None, Accident.EMPTY),
        ("   ", "US", Accident.EMPTY),
        ("1.61756E+10", None, Accident.SHORTENED),
        ("1,61756E+10", "US", Accident.SHORTENED),
        ("1.6e10", "DE", Accident.SHORTENED),
        ("16175550100.0", "US", Accident.DECIMAL),
        ("4915112345678.0", "DE", Accident.DECIMAL),  # would be a valid, longer, wrong number
        ("+1 617 555 0100 x123", None, Accident.EXTENSION),
        ("617-555-0100 ext. 12", "US", Accident.EXTENSION),
        ("617-555-0100 extension 12", "US", Accident.EXTENSION),
        ("617-555-0100#12", "US", Accident.EXTENSION),
        ("+16175550100,,3#", None, Accident.EXTENSION),
        ("+16175550100;ext=3", None, Accident.EXTENSION),
        ("555-0100", None, Accident.LOCAL),
        ("5550100", "US", Accident.LOCAL),
        ("30901820", "DE", Accident.BARE),
        ("5550100", "DE", Accident.BARE),  # the library would make 5550 an area code
        ("16175550100", None, Accident.NO_PLUS),
        ("617-555-0100", None, Accident.NO_PLUS),
        ("00442079460958", None, Accident.NO_PLUS),
        ("1-800-FLOWERS", "US", Accident.LETTERS),
        ("n/a", "US", Accident.LETTERS),
        ("+1 617 555 0100 (home)", None, Accident.LETTERS),
        ("617-555-0100 / 617-555-0101", "US", Accident.SYMBOLS),
        ("617-555-0100, 617-555-0101", "US", Accident.SYMBOLS),
        ("617 555 0100²", "US", Accident.SYMBOLS),
        ("1+6175550100", "US", Accident.SYMBOLS),
        ("++16175550100", None, Accident.SYMBOLS),
        ("#31#+16175550100", None, Accident.SYMBOLS),
        ("+", None, Accident.SYMBOLS),
        ("+1617555010", None, Accident.TOO_SHORT),
        ("911", "US", Accident.TOO_SHORT),
        ("+161755501000", None, Accident.TOO_LONG),
        ("+1" + "6" * 60, None, Accident.TOO_LONG),
        ("+1" + "6" * 1_000_000, None, Accident.TOO_LONG),
        ("+999123456789", None, Accident.NO_SUCH_COUNTRY),
        ("+10005551234", None, Accident.INVALID),
        ("6175550100", "ZZ", Accident.NO_SUCH_REGION),
    ],
)
def test_each_usual_accident_has_its_own_sentence(
    text: str, region: str | None, accident: Accident
) -> None:
    fault = parse(text, region)
    assert isinstance(fault, NumberFault)
    assert fault.accident is accident
    digits = "".join(filter(str.isdigit, text))
    assert len(digits) < 5 or digits not in fault.reason


def test_the_fictional_numbers_of_examples_can_be_written() -> None:
    assert read("+16175550100") == "+16175550100"
    assert read("+15555550142") == "+15555550142"
    assert zones_of("+15555550142") == ()


def test_a_number_does_not_show_itself() -> None:
    assert "617" not in repr(parse("+16175550100"))


SEPARATORS = st.sampled_from(["", " ", "-", ".", "\u00a0", "\u2011", "  "])


@given(
    digits=st.sampled_from(["16175550100", "442079460958", "33612345678", "819012345678"]),
    gaps=st.lists(SEPARATORS, min_size=12, max_size=12),
    wide=st.booleans(),
    quote=st.sampled_from(["", "'", " ", "tel:"]),
)
def test_spaces_dashes_dots_and_wide_digits_change_nothing(
    digits: str, gaps: list[str], wide: bool, quote: str
) -> None:
    spaced = "".join(digit + gap for digit, gap in zip(digits, gaps, strict=False))
    if wide:
        spaced = spaced.translate({ord(char): ord(char) + 0xFEE0 for char in "0123456789-."})
    assert read(f"{quote}+{spaced}") == f"+{digits}"


@given(text=st.text(max_size=60), region=st.sampled_from([None, "US", "DE", "IN"]))
def test_any_text_is_a_number_or_a_fault(text: str, region: str | None) -> None:
    answer = read(text, region)
    assert answer in Accident.__members__ or dialplan.CLEAN.fullmatch(answer)


@given(text=st.one_of(st.text(max_size=40), st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)))
def test_a_mask_never_shows_more_than_the_country_and_the_last_four(text: str) -> None:
    masked = mask(text)
    code, bullet, tail = masked.partition("•")
    assert bullet
    tail = tail.lstrip("•")
    assert len(tail) <= 4
    assert tail == "" or (tail.isdigit() and text.endswith(tail))
    assert code == "" or code[1:] == dialplan.country_code(text)
    # Short numbers keep at least three digits hidden.
    assert masked.count("•") >= min(3, len(text) - len(code)) or not tail


def test_a_mask_reads_like_a_number() -> None:
    assert mask("+16175550100") == "+1••••••0100"
    assert mask("+442079460958") == "+44••••••0958"
    assert mask("Jane Doe") == "•" * 8
    assert mask("") == "•"


@pytest.mark.parametrize(
    ("e164", "expected"),
    [
        ("+16175550100", ("America/New_York",)),
        ("+14155551234", ("America/Los_Angeles",)),
        ("+18505551234", ("America/Chicago", "America/New_York")),  # the panhandle of Florida
        ("+19155551234", ("America/Chicago", "America/Denver")),
        ("+919876543210", ("Asia/Kolkata",)),
        ("+9779812345678", ("Asia/Kathmandu",)),
        ("+541123456789", ("America/Argentina/Buenos_Aires",)),
        ("+870773111632", ()),
        ("", ()),
        ("nonsense", ()),
    ],
)
def test_the_zones_of_a_number(e164: str, expected: tuple[str, ...]) -> None:
    assert zones_of(e164) == expected


def test_a_number_without_a_place_has_every_zone_of_its_country() -> None:
    assert len(zones_of("+61491570156")) == 8
    assert len(zones_of("+18005550100")) == 42


def test_the_country_of_a_number() -> None:
    assert country_of("+16175550100") == "US"
    assert country_of("+16045550100") == "CA"
    assert country_of("+442079460958") == "GB"
    assert country_of("+870773111632") is None
    assert country_of("garbage") is None


def test_regions() -> None:
    assert is_region("US")
    assert is_region("us")
    assert not is_region("USA")
