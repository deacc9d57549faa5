"""A dial's answer means one thing only; junk never means more than it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.calls import (
    Accepted,
    Answer,
    Blame,
    DialRequest,
    Rejected,
    SlowDown,
    Unknown,
)
from campaigns.provider.messages import LONGEST_WAIT, dial_body, read_dial, read_wait

NOW = datetime(2026, 3, 7, 10, tzinfo=UTC)
TO = "+14155550100"
FROM = "+18005550199"
REQUEST = DialRequest(
    attempt_id="a",
    agent_id="agent_xyz",
    to_number=TO,
    from_number=FROM,
    context={"customer_name": "Jane Doe", "items": [{"what": "a blue bicycle"}]},
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["call_id", "data", "detail", "message", "to_number", "error", "errors", "loc", "msg", "status"]
)
LIKELY = st.recursive(
    JSON,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
BODIES = st.binary() | LIKELY.map(lambda value: json.dumps(value).encode())


def read(status: int, body: object, headers: dict[str, str] | None = None) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_dial(status, headers or {}, content, REQUEST, now=NOW, hide=("key_secret",))


def test_the_body_says_everything_and_the_length_always() -> None:
    body = dial_body(REQUEST)
    assert body["max_duration"] == 600
    assert body["recording"] is False
    assert "webhook_url" not in body
    assert "scheduled_at" not in body
    scheduled = DialRequest(
        attempt_id="a", agent_id="g", to_number=TO, from_number=FROM, scheduled_at=NOW
    )
    assert dial_body(scheduled)["scheduled_at"] == "2026-03-07T10:00:00Z"


@pytest.mark.parametrize(
    "body",
    [
        {"call_id": "call_1"},
        {"call_id": " call_1 ", "status": "initiating"},
        {"data": {"call_id": "call_1"}, "message": "ok", "status": 200},
        {"session_id": "call_1"},
        {"call_id": "call_1", "to_number": "+1 (415) 555-0100"},
        {"call_id": "call_1", "to_number": "0014155550100"},
        {"call_id": "call_1", "to_number": "4155550100"},
        {"call_id": "call_1", "to_number": 14155550100},
        {"call_id": "call_1", "to_number": None},
    ],
)
def test_accepted_is_a_call_id_for_the_number_we_called(body: object) -> None:
    assert read(200, body) == Accepted(call_id="call_1")
    assert read(201, body) == Accepted(call_id="call_1")


def test_an_integer_is_an_id_too() -> None:
    assert read(200, {"call_id": 77}) == Accepted(call_id="77")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>hello</html>",
        b'{"call_id": "call_1"',
        b"[" * 100_000,
        [],
        {"call_id": None},
        {"call_id": ""},
        {"call_id": True},
        {"call_id": "x" * 300},
        {"call_id": "a\nb"},
        {"id": "req_1"},
        {"detail": "no", "status": 400},
        {"call_id": "call_1", "to_number": "+14155550111"},
        {"call_id": "call_1", "to_number": ""},
        {"call_id": "call_1", "to_number": "0100"},
    ],
)
def test_every_other_2xx_is_unknown(body: object) -> None:
    answer = read(200, body)
    assert isinstance(answer, Unknown)
    assert answer.status == 200


@pytest.mark.parametrize("status", [100, 102, 408, 409, 500, 502, 503, 504, 599, 600, 999])
def test_what_does_not_prove_a_refusal_is_unknown(status: int) -> None:
    assert isinstance(read(status, {"detail": "to_number is bad"}), Unknown)


@pytest.mark.parametrize("status", [401, 402])
def test_key_and_balance_are_the_accounts(status: int) -> None:
    answer = read(status, {"detail": "to_number"})
    assert isinstance(answer, Rejected)
    assert answer.blame is Blame.ACCOUNT


@pytest.mark.parametrize("status", [300, 301, 307, 308, 403, 404, 405, 407, 410, 413, 451])
def test_other_refusals_are_the_campaigns(status: int) -> None:
    answer = read(status, {"detail": "to_number is bad"})
    assert isinstance(answer, Rejected)
    assert answer.blame is Blame.CAMPAIGN


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "to_number is not a valid number", "status": 400},
        {"detail": "Invalid destination"},
        {"detail": "The called number is not reachable"},
        {"detail": "Invalid phone number"},
        {"detail": "number must be in E.164 format"},
        {"detail": f"{TO} is not a valid number"},
        {"detail": "+1 415-555-0100 is on a blocklist"},
        {"message": "Validation error", "detail": [{"loc": ["body", "to_number"], "msg": "bad"}]},
        {"detail": [{"loc": ["body", "to"], "msg": "value is not valid"}]},
        {"error": {"message": "invalid toNumber"}},
        {"errors": [{"field": "to_number", "message": "must be E.164"}]},
        {"to_number": ["Enter a valid value."]},
        {"data": {"to_number": ["Enter a valid value."]}, "status": 400},
        {"detail": "from_number may not call this destination"},
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_that_names_the_called_number_is_the_contacts(status: int, body: object) -> None:
    answer = read(status, body)
    assert isinstance(answer, Rejected)
    assert answer.blame is Blame.CONTACT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>phone number</html>",
        {},
        {"detail": "Bad request"},
        {"detail": "from_number is not a valid phone number"},
        {"detail": "caller ID must be E.164"},
        {"detail": f"{FROM} is not a valid phone number"},
        {"detail": "Phone number is not verified on this account"},
        {"detail": "agent_id is required"},
        {"detail": [{"loc": ["body", "from_number"], "msg": "invalid phone number"}]},
        {
            "detail": [
                {"loc": ["body", "agent_id"], "msg": "Field required", "input": {"to_number": TO}}
            ]
        },
        {
            "detail": [
                {"loc": ["body", "agent_id"], "msg": "Field required"},
                {"loc": ["body", "to_number"], "msg": "invalid"},
            ]
        },
        {"detail": "max_duration is too long"},
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_that_names_anything_of_ours_costs_no_contact(status: int, body: object) -> None:
    answer = read(status, body)
    assert isinstance(answer, Rejected)
    assert answer.blame is Blame.CAMPAIGN


def test_a_detail_is_one_short_line_without_numbers_keys_or_context() -> None:
    answer = read(
        422,
        {
            "detail": f"to_number {TO} / +1 (415) 555-0100 for Jane Doe\x1b[31m,\n"
            "a blue bicycle, token key_secret " + "blah " * 100
        },
    )
    assert isinstance(answer, Rejected)
    assert len(answer.detail) <= 200
    assert answer.detail.isprintable()
    for hidden in (TO, TO[1:], "555-0100", "Jane Doe", "bicycle", "key_secret"):
        assert hidden not in answer.detail
    assert "••••0100" in answer.detail


def test_a_refusal_without_json_says_what_to_look_at() -> None:
    answer = read(403, b"<html>", {"content-type": "text/html"})
    assert isinstance(answer, Rejected)
    assert "proxy" in answer.detail


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30.0),
        ({"retry-after": "0"}, 0.0),
        ({"Retry-After": "Sat, 07 Mar 2026 10:00:40 GMT"}, 40.0),
        ({"Retry-After": "Sat, 07 Mar 2026 09:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "1e300"}, LONGEST_WAIT),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 12)}, 12.0),
        ({"X-RateLimit-Reset": str((int(NOW.timestamp()) + 12) * 1000)}, 12.0),
        ({"X-RateLimit-Reset": "45"}, 45.0),
        ({"Retry-After": "7", "X-RateLimit-Reset": "45"}, 7.0),
        ({"Retry-After": "soon", "X-RateLimit-Reset": "45"}, 45.0),
    ],
)
def test_how_long_a_429_says(headers: dict[str, str], wait: float | None) -> None:
    assert read(429, b"", headers) == SlowDown(retry_after=wait)


@given(
    status=st.integers(-1, 1000),
    body=BODIES,
    headers=st.dictionaries(
        st.sampled_from(["Retry-After", "X-RateLimit-Reset", "Content-Type"]), st.text()
    ),
)
def test_any_answer_at_all_has_a_meaning_and_never_too_good_a_one(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    answer = read_dial(status, headers, body, REQUEST, now=NOW)
    match answer:
        case Accepted():
            assert 200 <= status < 300
            assert answer.call_id
        case Rejected():
            assert 300 <= status < 500
            assert len(answer.detail) <= 200
            assert answer.detail.isprintable()
            assert answer.blame is not Blame.CONTACT or status in (400, 422)
        case SlowDown():
            assert status == 429
            assert answer.retry_after is None or 0 <= answer.retry_after <= LONGEST_WAIT
        case Unknown():
            assert not 300 <= status < 400
        case _:
            raise AssertionError(answer)


@given(st.text())
def test_any_wait_can_be_read(told: str) -> None:
    wait = read_wait({"Retry-After": told}, NOW)
    assert wait is None or 0 <= wait <= LONGEST_WAIT
