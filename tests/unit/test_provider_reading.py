"""What a stranger sends comes out storable and showable, or not at all."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.provider import reading


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"nope", b"9" * 9000])
def test_what_is_no_json_is_none(body: bytes) -> None:
    assert reading.parse(body) is None


def test_what_no_database_takes_is_taken_out() -> None:
    said = reading.parse(rb'{"a\u0000": "\ud800 \u0000", "b": [1e999, NaN], "c": "\ud83d\ude00"}')
    assert said == {"a\ufffd": "? \ufffd", "b": [None, None], "c": "😀"}


@given(st.binary() | st.text().map(lambda t: json.dumps({"x": t}).encode()))
def test_whatever_is_read_can_be_written_again(body: bytes) -> None:
    json.dumps(reading.parse(body), allow_nan=False, ensure_ascii=False).encode()


def test_nesting_has_an_end() -> None:
    assert "1" not in json.dumps(reading.parse(b"[" * 200 + b"1" + b"]" * 200))


def test_links_that_open_a_recording_and_tokens_are_not_kept() -> None:
    said = {
        "recording_url": "https://x/y?sig",
        "nested": [{"Token": "t", "recording_url": None}],
        "other": "https://x/y?X-Goog-Signature=abc",
        "recording_id": "rec_1",
    }
    kept = reading.without_secrets(said)
    assert kept == {
        "recording_url": "[not kept]",
        "nested": [{"Token": "[not kept]", "recording_url": None}],
        "other": "https://x/y",
        "recording_id": "rec_1",
    }


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-07T10:00:00Z", datetime(2026, 3, 7, 10, tzinfo=UTC)),
        ("2026-03-07T15:30:00+05:30", datetime(2026, 3, 7, 10, tzinfo=UTC)),
        ("2026-03-07T10:00:00", datetime(2026, 3, 7, 10, tzinfo=UTC)),
        (1772877600, datetime(2026, 3, 7, 10, tzinfo=UTC)),
        (1772877600000, datetime(2026, 3, 7, 10, tzinfo=UTC)),
        ("1772877600", datetime(2026, 3, 7, 10, tzinfo=UTC)),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1e300, None),
        (True, None),
        (None, None),
        ({}, None),
    ],
)
def test_instants_are_aware_and_utc(said: object, meant: datetime | None) -> None:
    assert reading.when(said) == meant


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text())
def test_no_scalar_is_too_strange(value: object) -> None:
    at = reading.when(value)
    assert at is None or at.utcoffset() == timedelta(0)
    duration = reading.seconds(value)
    assert duration is None or duration >= 0
    known = reading.identifier(value)
    assert known is None or 0 < len(known) <= 200
    assert isinstance(reading.same_number("+14155550100", value), bool)


@pytest.mark.parametrize(
    ("theirs", "same"),
    [
        ("+14155550100", True),
        ("1-415-555-0100", True),
        ("(415) 555 0100", True),
        ("0014155550100", True),
        ("5550100", False),
        ("+24155550100", False),
        ("", False),
    ],
)
def test_spellings_of_one_number(theirs: str, same: bool) -> None:
    assert reading.same_number("+14155550100", theirs) is same


@given(st.text(), st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True), st.text())
def test_no_whole_number_survives_scrubbing(before: str, number: str, after: str) -> None:
    said = reading.scrub(f"{before} {number} {after}")
    assert number not in said
    assert not re.search(r"[0-9]{7}", said)
    assert len(said) <= 200
    assert said.isprintable()
