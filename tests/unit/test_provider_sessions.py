"""Look-ups of both generations end in the same values; junk is None, never an empty result."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.core.calls import CallStatus, Page, Session, Turn
from campaigns.provider import sessions
from campaigns.provider.words import status_of, status_of_call

V1 = {
    "session_id": "session_abc123",
    "status": "completed",
    "duration": 145,
    "agent_id": "agent_xyz",
    "to_number": "+14155551234",
    "from_number": "+18005551234",
    "started_at": "2026-03-07T10:00:05Z",
    "ended_at": "2026-03-07T10:02:30Z",
    "tokens_used": 1250,
}
V2 = {
    "id": 77,
    "type": "outbound",
    "status": "ended",
    "agent_id": "ag_5d2678fd_e556",
    "started_at": "2026-03-25T10:20:57Z",
    "ended_at": "2026-03-25T10:22:36Z",
    "duration_seconds": 99.1,
    "ended_reason": "user_hangup",
    "transcript": [
        {"role": "assistant", "content": "नमस्ते", "timestamp": "0.0"},
        {"role": "user", "content": "मुझे मदद चाहिए", "timestamp": "5.2"},
    ],
    "recording_url": "https://storage.example/rec?X-Goog-Signature=secret",
    "recording_duration": 99,
    "cost": {"total_usd": 0.08, "total_inr": 6.80, "breakdown": {"stt": 0.01}},
    "analysis": {
        "summary": {"overview": "Asked about billing.", "outcome": "resolved"},
        "sentiment": "positive",
        "score": {"score": 85, "reasoning": "Polite"},
        "tags": ["support", "billing"],
    },
    "phone_number": "+18005551234",
    "caller_phone": "+14155551234",
    "call_direction": "outbound",
}
KEYS = st.sampled_from(
    ["session_id", "call_id", "id", "status", "data", "sessions", "transcript", "role", "content",
     "cost", "total_usd", "analysis", "summary", "score", "tags", "recording", "recording_url",
     "started_at", "duration", "ended_reason", "to_number", "token", "url"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(
    SCALARS | st.sampled_from(["ended", "completed", "user"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)
BODIES = st.binary() | JSON.map(lambda value: json.dumps(value).encode())


def encode(value: object) -> bytes:
    return json.dumps(value).encode()


def session(value: object, asked: str = "") -> Session:
    read = sessions.read_session(encode(value), asked)
    assert read is not None
    return read


@pytest.mark.parametrize(
    "body", [V1, {"data": V1, "message": "ok", "status": 200}, {"session": V1}, {"call": V1}]
)
def test_a_first_generation_session_in_any_wrapping(body: object) -> None:
    read = session(body)
    assert read == Session(
        id="session_abc123",
        status=CallStatus.COMPLETED,
        word="completed",
        agent_id="agent_xyz",
        to_number="+14155551234",
        from_number="+18005551234",
        started_at=datetime(2026, 3, 7, 10, 0, 5, tzinfo=UTC),
        ended_at=datetime(2026, 3, 7, 10, 2, 30, tzinfo=UTC),
        duration_s=145.0,
        raw=V1,
    )


def test_a_v2_call_with_all_that_hangs_on_it() -> None:
    read = sessions.read_v2_call(encode(V2))
    assert read is not None
    assert read.session.id == "77"
    assert read.session.status is CallStatus.COMPLETED
    assert (read.session.to_number, read.session.from_number) == ("+14155551234", "+18005551234")
    assert (read.session.cost, read.session.currency) == (0.08, "USD")
    assert read.session.duration_s == 99.1
    assert read.transcript is not None
    assert read.transcript.turns == (
        Turn(speaker="agent", text="नमस्ते", at_s=0.0),
        Turn(speaker="callee", text="मुझे मदद चाहिए", at_s=5.2),
    )
    assert read.recording is not None
    assert read.recording.url == V2["recording_url"]
    assert (read.summary, read.outcome) == ("Asked about billing.", "resolved")
    assert (read.sentiment, read.score, read.tags) == ("positive", 85.0, ("support", "billing"))


def test_the_link_to_a_recording_is_neither_kept_nor_shown() -> None:
    read = sessions.read_v2_call(encode(V2))
    assert read is not None
    assert "secret" not in json.dumps(dict(read.session.raw))
    assert "secret" not in repr(read)


def test_an_inbound_call_has_its_numbers_the_other_way_round() -> None:
    read = session({**V2, "call_direction": "inbound"})
    assert (read.to_number, read.from_number) == ("+18005551234", "+14155551234")


@pytest.mark.parametrize(
    ("cost", "read"),
    [
        ({"total_usd": 0.08, "total_inr": 6.8}, (0.08, "USD")),
        ({"total_usd": 0, "total_inr": 6.8}, (0.0, "USD")),
        ({"total_usd": None, "total_inr": 6.8}, (6.8, "INR")),
        ({"total_usd": "junk", "total_inr": "6.8"}, (6.8, "INR")),
        ({}, (None, None)),
        (0.08, (None, None)),
    ],
)
def test_dollars_before_rupees(cost: object, read: tuple[Any, Any]) -> None:
    got = session({**V2, "cost": cost})
    assert (got.cost, got.currency) == read


def test_an_answer_that_repeats_no_id_is_about_the_one_asked() -> None:
    assert session({"status": "ringing"}, "call_1").id == "call_1"
    assert sessions.read_session(b'{"status": "ringing"}') is None


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b"null", b'{"detail": "gone", "status": 404}', b'"x"']
)
def test_what_is_no_session_is_none(body: bytes) -> None:
    assert sessions.read_session(body, "call_1") is None
    assert sessions.read_v2_call(body, "call_1") is None


@pytest.mark.parametrize(
    ("word", "status"),
    [(status.value, status) for status in CallStatus]
    + [
        ("In-Progress", CallStatus.IN_PROGRESS),
        ("no-answer", CallStatus.NO_ANSWER),
        ("NO ANSWER", CallStatus.NO_ANSWER),
        ("canceled", CallStatus.CANCELLED),
        ("queued", CallStatus.INITIATING),
        ("transmogrified", None),
        ("", None),
        (None, None),
    ],
)
def test_first_generation_words(word: str | None, status: CallStatus | None) -> None:
    assert status_of(word) is status


USER = [{"role": "user", "content": "hello?"}]
AGENT = [{"role": "assistant", "content": "Hi, this is Acme."}]


@pytest.mark.parametrize(
    ("call", "status"),
    [
        ({"status": "pending"}, CallStatus.INITIATING),
        ({"status": "active"}, CallStatus.RINGING),
        ({"status": "active", "transcript": AGENT}, CallStatus.RINGING),
        ({"status": "active", "transcript": USER}, CallStatus.IN_PROGRESS),
        ({"status": "ended", "ended_reason": "user_hangup"}, CallStatus.COMPLETED),
        ({"status": "ended", "ended_reason": "agent-hangup"}, CallStatus.COMPLETED),
        ({"status": "ended", "ended_reason": "max_duration_reached"}, CallStatus.COMPLETED),
        ({"status": "ended", "ended_reason": "no_answer"}, CallStatus.NO_ANSWER),
        ({"status": "ended", "ended_reason": "customer-did-not-answer"}, CallStatus.NO_ANSWER),
        ({"status": "ended", "ended_reason": "hangup before answer"}, CallStatus.NO_ANSWER),
        ({"status": "ended", "ended_reason": "user_busy"}, CallStatus.BUSY),
        ({"status": "ended", "ended_reason": "voicemail_detected"}, CallStatus.VOICEMAIL),
        ({"status": "ended", "ended_reason": "cancelled"}, CallStatus.CANCELLED),
        ({"status": "error", "ended_reason": "busy"}, CallStatus.BUSY),
        ({"status": "error", "ended_reason": "sip 503"}, CallStatus.FAILED),
        ({"status": "error"}, CallStatus.FAILED),
        ({"status": "error", "transcript": USER}, CallStatus.COMPLETED),
        ({"status": "ended", "ended_reason": "no_answer", "transcript": USER},
         CallStatus.COMPLETED),
        ({"status": "ended", "ended_reason": "voicemail", "transcript": USER},
         CallStatus.VOICEMAIL),
        ({"status": "ended", "duration_seconds": 9.5}, CallStatus.COMPLETED),
        ({"status": "ended", "duration_seconds": 0}, None),
        ({"status": "ended"}, None),
        ({"status": "ended", "ended_reason": "flux", "duration_seconds": 9.5}, None),
        ({"status": "deleted", "ended_reason": "no_answer"}, None),
        ({"status": 200}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_second_generation_words(call: dict[str, Any], status: CallStatus | None) -> None:
    assert status_of_call(call) is status


@pytest.mark.parametrize(
    "body",
    [
        [V1, V2],
        {"sessions": [V1, V2]},
        {"data": [V1, V2], "message": "ok", "status": 200},
        {"data": {"sessions": [V1, V2], "total": 2}},
        {"items": [V1, V2]},
        {"results": [V1, V2]},
        {"calls": [V1, V2]},
    ],
)
def test_every_shape_of_a_list(body: object) -> None:
    page = sessions.read_page(encode(body))
    assert page is not None
    assert [one.id for one in page.sessions] == ["session_abc123", "77"]


@pytest.mark.parametrize("body", [[], {"sessions": []}, {"data": []}, {"data": {"sessions": []}}])
def test_an_empty_list_is_an_empty_page(body: object) -> None:
    assert sessions.read_page(encode(body)) == Page(sessions=())


@pytest.mark.parametrize(
    "body",
    [{}, None, "x", {"sessions": None}, {"detail": "no"}, [V1, None], [V1, {"status": "failed"}]],
)
def test_what_cannot_be_read_whole_is_no_page_because_absence_is_evidence(body: object) -> None:
    assert sessions.read_page(encode(body)) is None


def test_a_first_generation_transcript() -> None:
    turns = [
        {"role": "agent", "text": "Hello", "timestamp": 0.5},
        {"role": "user", "text": "Hi", "timestamp": 2.1},
        {"role": "supervisor", "text": None},
        "junk",
    ]
    read = sessions.read_transcript(encode({"call_id": "session_abc123", "transcript": turns}))
    assert read is not None
    assert read.call_id == "session_abc123"
    assert read.turns == (
        Turn(speaker="agent", text="Hello", at_s=0.5),
        Turn(speaker="callee", text="Hi", at_s=2.1),
        Turn(speaker="supervisor", text=""),
    )
    for wrapped in ({"data": {"transcript": turns}}, {"data": turns}, turns):
        again = sessions.read_transcript(encode(wrapped), "asked")
        assert again is not None
        assert (again.call_id, again.turns) == ("asked", read.turns)


def test_a_recording_hides_its_link() -> None:
    body = {"recording_id": "rec_1", "url": "https://x/y?sig=1", "duration": 60, "format": "wav"}
    read = sessions.read_recording(encode({"data": body}))
    assert read is not None
    assert (read.id, read.url, read.duration_s) == ("rec_1", "https://x/y?sig=1", 60.0)
    assert read.raw["format"] == "wav"
    assert "https" not in repr(read)
    assert sessions.read_recording(b"{}") is None


@given(BODIES)
def test_any_body_at_all_can_be_read(body: bytes) -> None:
    for read in (
        sessions.read_session,
        sessions.read_v2_call,
        sessions.read_page,
        sessions.read_transcript,
        sessions.read_recording,
        sessions.read_voice_session,
        sessions.read_endpoint,
    ):
        read(body)
    found = sessions.read_session(body, "asked")
    assert found is None or found.id
    assert found is None or json.dumps(dict(found.raw), allow_nan=False)
