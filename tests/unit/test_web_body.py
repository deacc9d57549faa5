"""A stranger's request is bounded: bytes, seconds, and events about one call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from campaigns.web.body import BadBody, as_text, read_body
from campaigns.web.limits import Quota, origin


def request(messages: Sequence[Message], length: str | None = None) -> tuple[Request, list[int]]:
    """A request whose body arrives as these messages, and a count of those that were taken."""
    taken: list[int] = []

    async def receive() -> Message:
        if len(taken) == len(messages):
            await asyncio.Event().wait()
        taken.append(1)
        return messages[len(taken) - 1]

    headers = [] if length is None else [(b"content-length", length.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive), taken


def chunk(body: bytes, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


def read(asked: Request, at_most: int = 10, within: float = 60) -> bytes:
    return asyncio.run(read_body(asked, at_most=at_most, within=within))


def test_a_body_is_read_to_its_end() -> None:
    asked, _ = request([chunk(b"01234"), chunk(b""), chunk(b"56789", more=False)])
    assert read(asked) == b"0123456789"


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    asked, taken = request([chunk(b"x")], length="11")
    with pytest.raises(BadBody) as bad:
        read(asked)
    assert (bad.value.status, taken) == (413, [])


@pytest.mark.parametrize("length", [None, "10", "0", "nonsense", "-1", "9" * 5000])
def test_a_body_is_counted_whatever_it_says(length: str | None) -> None:
    endless = [chunk(b"0123")] * 1000
    asked, taken = request(endless, length=length)
    with pytest.raises(BadBody) as bad:
        read(asked)
    assert bad.value.status == 413
    assert len(taken) <= 3


def test_a_body_that_never_ends_is_given_up() -> None:
    asked, _ = request([chunk(b"0")])
    with pytest.raises(BadBody) as bad:
        read(asked, within=0.01)
    assert (bad.value.status, bad.value.why) == (408, "too_slow")


def test_a_sender_who_hangs_up_has_said_nothing() -> None:
    asked, _ = request([chunk(b"0"), {"type": "http.disconnect"}])
    with pytest.raises(BadBody) as bad:
        read(asked)
    assert bad.value.why == "cut_off"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        ('{"name": "Zoë"}'.encode(), '{"name": "Zoë"}'),
        (b"\xff\xfe{}", "\\xff\\xfe{}"),
        (b"a\0b", "a\\x00b"),
        (b"\xed\xa0\x80", "\\xed\\xa0\\x80"),
    ],
)
def test_a_raw_body_is_kept_as_text(body: bytes, text: str) -> None:
    assert as_text(body) == text


@given(st.binary(max_size=200))
def test_any_raw_body_can_be_stored(body: bytes) -> None:
    text = as_text(body)
    assert "\0" not in text
    assert text.encode("utf-8").decode("utf-8") == text


def test_a_kept_body_is_bounded() -> None:
    assert len(as_text(b"\xff" * 65_536)) == 65_536


def test_a_call_has_its_events_per_minute() -> None:
    quota = Quota(3)
    assert [quota.allows("a", at) for at in (0, 1, 2, 3, 59)] == [True, True, True, False, False]
    assert quota.allows("b", 3)
    assert quota.allows("a", 60)


def test_the_calls_seen_longest_ago_are_forgotten() -> None:
    quota = Quota(1, remembered=2)
    assert quota.allows("a", 0)
    assert quota.allows("b", 0)
    assert not quota.allows("a", 1)
    assert quota.allows("c", 1)
    assert not quota.allows("a", 2)
    assert quota.allows("b", 2)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:192.0.2.7", "::ffff:c000:207"),
        ("fe80::1%eth0", "fe80::"),
        ("testclient", "testclient"),
        ("", ""),
        ("x" * 1000, "x" * 64),
    ],
)
def test_an_address_of_origin_is_one_customer(host: str, counted: str) -> None:
    shown = origin(host)
    assert shown in {counted, "::ffff:192.0.2.7"}
    assert len(shown) <= 64


def test_a_window_may_be_a_second() -> None:
    quota = Quota(2, seconds=1.0)
    assert [quota.allows("a", at) for at in (0, 0.5, 0.9, 1.0)] == [True, True, False, True]
