"""The JSON that the provider's pages show, from a call and an instant.

Where the pages are silent (the list's envelope, a recording's details) the choice is made here,
once, and docs/simulator.md names it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from campaigns.simulator.clocks import said, seconds
from campaigns.simulator.model import (
    OUTBOUND,
    Call,
    has_ended,
    status_at,
    talked_s,
)

Json = dict[str, Any]

URL_LIFE_S = 3600
"""A recording's pre-signed address lives this long."""
_USD = {"platform_fee": 0.03, "stt": 0.006, "tts": 0.009, "llm": 0.003, "telephony": 0.012}
_INR_PER_USD = 85
_REPLIES = {
    "confirmed": ("Yes, this is me.", "Yes, that works for me, thank you."),
    "reschedule": ("Yes, speaking.", "That does not suit me, could we move it to next week?"),
}
_GENERIC = ("Hello?", "All right, thank you for calling.")


def dialled(call: Call) -> Json:
    """The answer to POST /voice/outbound/dial."""
    return {
        "call_id": call.call_id,
        "status": "initiating",
        "agent_id": call.agent_id,
        "to_number": call.to_number,
        "created_at": said(call.created_at),
    }


def web_session(call: Call, *, token: str) -> Json:
    """The answer to POST /voice/start."""
    return {
        "session_id": call.session_id,
        "token": token,
        "websocket_url": f"wss://voice.thinnest.ai/ws/{call.session_id}",
        "livekit_url": "wss://livekit.thinnest.ai",
    }


def session(call: Call, at: datetime) -> Json:
    """The answer to GET /voice/status/{id}."""
    talk = talked_s(call, at)
    ended = call.life.ended_at if has_ended(call, at) else None
    answered = call.life.answered_at
    return {
        "session_id": call.session_id,
        "status": status_at(call, at),
        "duration": round(talk),
        "agent_id": call.agent_id,
        "to_number": call.to_number,
        "from_number": call.from_number,
        "started_at": said(answered if answered and answered <= at else call.created_at),
        "ended_at": said(ended),
        "tokens_used": round(talk * 8.6),
    }


def listed(call: Call, at: datetime) -> Json:
    """One entry of GET /voice/sessions."""
    return session(call, at) | {"created_at": said(call.created_at)}


def details(call: Call, at: datetime) -> Json:
    """The answer to GET /voice/sessions/{id}."""
    return listed(call, at) | {
        "recording_id": call.recording_id if recorded(call, at) else None,
        "max_duration": call.max_duration_s,
        "ended_reason": call.life.ended_reason if has_ended(call, at) else None,
    }


def page(calls: Sequence[Call], at: datetime, *, total: int, limit: int, offset: int) -> Json:
    """The answer to GET /voice/sessions, newest first."""
    return {
        "sessions": [listed(call, at) for call in calls],
        "total": total,
        "limit": limit,
        "offset": offset,
    }


def recorded(call: Call, at: datetime) -> bool:
    """Whether a recording exists."""
    return call.recording and has_ended(call, at) and talked_s(call, at) > 0


def lines(call: Call, at: datetime) -> list[tuple[str, str, float]]:
    """What has been said until an instant: (agent or user, text, seconds since the start)."""
    if call.life.answered_at is None or call.life.answered_at > at:
        return []
    replies = call.becomes.says or _REPLIES.get(call.becomes.outcome, _GENERIC)
    name = call.context.get("customer_name") or call.context.get("name")
    spoken = [("agent", f"Hello{f', {name}' if name else ''}, this is {call.agent_id} calling.")]
    for reply in replies:
        spoken += [("user", reply), ("agent", "I understand.")]
    spoken.append(("agent", "Thank you, goodbye."))
    end = call.life.ended_at or call.life.answered_at + seconds(60)
    length = (end - call.life.answered_at).total_seconds()
    step = length / (len(spoken) + 1)
    until = talked_s(call, at)
    timed = [(role, text, round(0.5 + i * step, 1)) for i, (role, text) in enumerate(spoken)]
    return [line for line in timed if line[2] <= until]


def transcript(call: Call, at: datetime) -> Json:
    """The answer to GET /v1/widget/transcript/{id}."""
    return {
        "call_id": call.session_id,
        "transcript": [
            {"role": role, "text": text, "timestamp": second}
            for role, text, second in lines(call, at)
        ],
    }


def recording(call: Call, at: datetime, *, url: str, expires_at: datetime) -> Json:
    """The answer to GET /voice/recording/{id}."""
    return {
        "recording_id": call.recording_id,
        "session_id": call.session_id,
        "duration": round(talked_s(call, at)),
        "url": url,
        "recording_url": url,
        "expires_at": said(expires_at),
        "created_at": said(call.life.ended_at),
    }


def hung_up(call: Call, at: datetime) -> Json:
    """The answer to POST /voice/end/{id}."""
    return {
        "session_id": call.session_id,
        "status": status_at(call, at),
        "ended_at": said(call.life.ended_at),
    }


def cost(call: Call, at: datetime) -> Json:
    """What a call has cost until an instant: by the minute of talk."""
    minutes = talked_s(call, at) / 60
    parts = {name: round(price * minutes, 4) for name, price in _USD.items()}
    if call.type != OUTBOUND:
        parts["telephony"] = 0.0
    total = round(sum(parts.values()), 4)
    return {
        "total_usd": total,
        "total_inr": round(total * _INR_PER_USD, 2),
        "breakdown": parts,
    }


def analysis(call: Call, at: datetime, *, lag_s: float) -> Json | None:
    """The analysis of an answered call, some time after its end."""
    ended_at = call.life.ended_at
    if ended_at is None or at < ended_at + seconds(lag_s) or not talked_s(call, at):
        return None
    cross = call.becomes.outcome == "do_not_call"
    return {
        "summary": {
            "overview": f"The agent reached the person. Outcome: {call.becomes.outcome}.",
            "key_topics": ["reminder"],
            "action_items": [],
            "outcome": call.becomes.outcome,
        },
        "sentiment": "negative" if cross else "positive",
        "score": {"score": 30 if cross else 85, "reasoning": "Scripted by the simulator."},
        "tags": list(call.becomes.tags),
        "knowledge_gaps": [],
    }


_V2_STATUS = {
    "initiating": "pending",
    "ringing": "pending",
    "in_progress": "active",
    "failed": "error",
}


def v2(call: Call, at: datetime, *, lag_s: float, recording_url: str | None) -> Json:
    """The answer to GET /v2/calls/{id}."""
    ended = has_ended(call, at)
    talk = talked_s(call, at)
    answered = call.life.answered_at
    outbound = call.type == OUTBOUND
    return {
        "id": call.n,
        "type": call.type,
        "status": _V2_STATUS.get(status_at(call, at), "ended"),
        "agent_id": call.agent_id,
        "agent_name": call.agent_id,
        "started_at": said(answered if answered and answered <= at else call.created_at),
        "ended_at": said(call.life.ended_at) if ended else None,
        "duration_seconds": round(talk, 1),
        "ended_reason": call.life.ended_reason if ended else None,
        "transcript": [
            {
                "role": "assistant" if role == "agent" else "user",
                "content": text,
                "timestamp": str(second),
            }
            for role, text, second in lines(call, at)
        ],
        "recording_url": recording_url,
        "recording_duration": round(talk) if recording_url else None,
        "cost": cost(call, at),
        "model": {"provider": "simulator", "model_id": "script"},
        "transcriber": {"provider": "simulator", "model": "script"},
        "voice": {"provider": "simulator", "model": "script", "voice_id": "script"},
        "latency_ms": 475,
        "interruptions": 0,
        "analysis": analysis(call, at, lag_s=lag_s),
        "phone_number": call.from_number if outbound else None,
        "caller_phone": call.to_number if outbound else None,
        "call_direction": call.type,
        "created_at": said(call.created_at),
        "updated_at": said(call.life.ended_at if ended else call.created_at),
    }
