"""What look-ups answer: sessions, lists of them, v2 calls, transcripts and recordings.

Both generations of the API and every wrapping they use end in the same few values. What cannot
be read is None, never an empty result: absence from a list is evidence, junk is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from campaigns.core.calls import (
    CallDetails,
    Page,
    Recording,
    Session,
    Transcript,
    Turn,
    VoiceSession,
    WebhookEndpoint,
)
from campaigns.provider import reading, words

_IDS = ("session_id", "call_id", "id")
_LISTS = ("sessions", "data", "items", "results", "calls", "records")
_AGENT = frozenset({"agent", "assistant", "ai", "bot"})
_CALLEE = frozenset({"user", "human", "caller", "customer", "callee"})


def read_session(body: bytes, asked: str = "") -> Session | None:
    """A session from status or details; `asked` is its id where the answer repeats none."""
    call = _call(reading.parse(body))
    if reading.identifier(reading.first(call, *_IDS)) is None and not reading.text(
        call.get("status")
    ):
        return None
    return _session(call, asked)


def read_v2_call(body: bytes, asked: str = "") -> CallDetails | None:
    """A call of the second generation with all that hangs on it (words.py maps its status)."""
    call = _call(reading.parse(body))
    session = read_session(body, asked)
    if session is None:
        return None
    analysis = reading.mapping(call.get("analysis"))
    summary = analysis.get("summary")
    said = reading.mapping(summary)
    score = analysis.get("score")
    tags = analysis.get("tags")
    recording = _recording(call)
    return CallDetails(
        session=session,
        transcript=_transcript(call),
        recording=None if recording is None else replace(recording, raw={}),
        summary=reading.text(said.get("overview")) or reading.text(summary),
        outcome=reading.text(said.get("outcome")),
        sentiment=reading.text(analysis.get("sentiment")),
        score=reading.number(score.get("score") if isinstance(score, dict) else score),
        tags=tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else (),
    )


def read_page(body: bytes) -> Page | None:
    """A page of the session list in any documented wrapping; None when one entry is unreadable."""
    entries = _entries(reading.parse(body))
    if entries is None:
        return None
    sessions: list[Session] = []
    for entry in entries:
        session = _session(reading.mapping(entry), "")
        if session is None:
            return None
        sessions.append(session)
    return Page(sessions=tuple(sessions))


def read_transcript(body: bytes, asked: str = "") -> Transcript | None:
    """A transcript of either generation: role agent or assistant, text or content."""
    payload = reading.parse(body)
    if isinstance(payload, list):
        payload = {"transcript": payload}
    source = reading.mapping(payload)
    inner = source.get("data")
    if isinstance(inner, list):
        source = {**source, "transcript": inner}
    elif isinstance(inner, dict) and "transcript" not in source:
        source = inner
    transcript = _transcript(source)
    if transcript is None or transcript.call_id is not None:
        return transcript
    return replace(transcript, call_id=asked or None)


def read_recording(body: bytes, asked: str = "") -> Recording | None:
    """Details of a recording. Its link opens it for an hour: hand it on, do not store it."""
    payload = reading.mapping(reading.parse(body))
    inner = reading.mapping(payload.get("data"))
    found = _recording(payload) or _recording(inner)
    if found is None or found.id is not None:
        return found
    return replace(found, id=asked or None)


def read_voice_session(body: bytes) -> VoiceSession | None:
    """A WebRTC session: its token lets anyone speak with the agent."""
    call = _call(reading.parse(body))
    session_id = reading.identifier(reading.first(call, "session_id", "id"))
    token = reading.text(call.get("token"))
    if session_id is None or token is None:
        return None
    return VoiceSession(
        session_id=session_id,
        token=token,
        websocket_url=reading.text(call.get("websocket_url")),
        livekit_url=reading.text(call.get("livekit_url")),
    )


def read_endpoint(body: bytes) -> WebhookEndpoint | None:
    """A registered account-level webhook endpoint."""
    call = _call(reading.parse(body))
    if not call:
        return None
    return WebhookEndpoint(
        id=reading.identifier(reading.first(call, "id", "endpoint_id", "webhook_id")),
        secret=reading.text(reading.first(call, "secret", "signing_secret")),
    )


def _call(payload: Any) -> Mapping[str, Any]:
    """The object itself, out of `{"data": {...}, "message", "status": 200}` where it is wrapped."""
    outer = reading.mapping(payload)
    for name in ("data", "session", "call"):
        inner = outer.get(name)
        if isinstance(inner, dict) and inner and reading.first(outer, *_IDS) is None:
            return _call(inner)
    return outer


def _entries(payload: Any, depth: int = 0) -> list[Any] | None:
    if isinstance(payload, list):
        return payload
    if not isinstance(payload, dict) or depth > 2:
        return None
    for name in _LISTS:
        found = _entries(payload.get(name), depth + 1)
        if found is not None:
            return found
    return None


def _session(call: Mapping[str, Any], asked: str) -> Session | None:
    identity = reading.identifier(reading.first(call, *_IDS)) or asked
    if not identity:
        return None
    to_number, from_number = _numbers(call)
    recording = reading.mapping(call.get("recording"))
    cost, currency = _cost(call.get("cost"))
    return Session(
        id=identity,
        status=words.status_of_call(call),
        word=reading.text(call.get("status")) or "",
        agent_id=reading.identifier(call.get("agent_id")),
        to_number=to_number,
        from_number=from_number,
        started_at=reading.when(reading.first(call, "started_at", "created_at")),
        ended_at=reading.when(call.get("ended_at")),
        duration_s=reading.seconds(reading.first(call, "duration_seconds", "duration")),
        ended_reason=reading.text(call.get("ended_reason")),
        recording_id=reading.identifier(reading.first(call, "recording_id") or recording.get("id")),
        cost=cost,
        currency=currency,
        raw=reading.without_secrets(dict(call)),
    )


def _numbers(call: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Called and calling number. v2 names the agent's and the other party's instead."""
    to_number = reading.identifier(call.get("to_number"))
    from_number = reading.identifier(call.get("from_number"))
    agents = reading.identifier(call.get("phone_number"))
    others = reading.identifier(call.get("caller_phone"))
    kind = reading.text(reading.first(call, "call_direction", "type"))
    if kind == "inbound":
        agents, others = others, agents
    return to_number or others, from_number or agents


def _cost(cost: Any) -> tuple[float | None, str | None]:
    prices = reading.mapping(cost)
    for name, currency in (("total_usd", "USD"), ("total_inr", "INR")):
        price = reading.number(prices.get(name))
        if price is not None:
            return price, currency
    return None, None


def _transcript(source: Mapping[str, Any]) -> Transcript | None:
    turns = source.get("transcript")
    if not isinstance(turns, list):
        return None
    return Transcript(
        call_id=reading.identifier(reading.first(source, "call_id", "session_id", "id")),
        turns=tuple(
            Turn(
                speaker=_speaker(turn.get("role")),
                text=reading.text(reading.first(turn, "content", "text")) or "",
                at_s=reading.seconds(turn.get("timestamp")),
            )
            for turn in turns
            if isinstance(turn, dict)
        ),
    )


def _speaker(role: Any) -> str:
    said = words.canonical(role) if isinstance(role, str) else ""
    if said in _AGENT:
        return "agent"
    return "callee" if said in _CALLEE else said


def _recording(source: Mapping[str, Any]) -> Recording | None:
    own = reading.mapping(source.get("recording")) or source
    url = reading.text(reading.first(own, "recording_url", "url", "download_url", "audio_url"))
    identity = reading.identifier(reading.first(own, "recording_id"))
    if identity is None and own is not source:
        identity = reading.identifier(own.get("id"))
    lasted = reading.seconds(
        reading.first(own, "recording_duration", "duration_seconds", "duration")
    )
    if url is None and identity is None:
        return None
    return Recording(
        id=identity, url=url, duration_s=lasted, raw=reading.without_secrets(dict(own))
    )
