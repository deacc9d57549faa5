"""The provider's words for how a call stands, as ours.

First generation (webhooks, status, sessions): the nine documented words, and other spellings of
them. Second generation (v2 calls) says `status` and `ended_reason`:

    pending                                  initiating
    active                                   in_progress when the callee has spoken, else ringing:
                                             nothing says that a phone that rings is not `active`
    ended, error  reason names voicemail     voicemail
                  the callee has spoken      completed, whatever the reason: they were reached
                  reason in `_REASONS`       that
                  error                      failed
                  ended, no reason, > 0 s    completed
    deleted, anything else                   None: it is stored and says nothing

An unknown word is None, never a guess: a wrong `no_answer` would ring someone again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from campaigns.core.calls import CallStatus
from campaigns.provider import reading

_SEPARATORS = re.compile(r"[\s\-.:/]+")

_WORDS: dict[str, CallStatus] = {status.value: status for status in CallStatus} | {
    "initiated": CallStatus.INITIATING,
    "queued": CallStatus.INITIATING,
    "inprogress": CallStatus.IN_PROGRESS,
    "answered": CallStatus.IN_PROGRESS,
    "connected": CallStatus.IN_PROGRESS,
    "canceled": CallStatus.CANCELLED,
    "noanswer": CallStatus.NO_ANSWER,
    "not_answered": CallStatus.NO_ANSWER,
    "unanswered": CallStatus.NO_ANSWER,
    "voice_mail": CallStatus.VOICEMAIL,
}

_REASONS: tuple[tuple[re.Pattern[str], CallStatus], ...] = tuple(
    (re.compile(pattern), status)
    for pattern, status in (
        (r"voice_?mail|answering_machine|machine_detect", CallStatus.VOICEMAIL),
        (
            r"no_?answer|not_answer|unanswered|before_answer|no_user_response|ring\w*_timeout",
            CallStatus.NO_ANSWER,
        ),
        (r"busy", CallStatus.BUSY),
        (r"cancel", CallStatus.CANCELLED),
        (r"fail|error|reject|declin|unreachable|invalid|blocked", CallStatus.FAILED),
        (
            r"hang_?up|hung_up|complete|goodbye|max_duration|silence|transfer|\w_ended|ended_by_",
            CallStatus.COMPLETED,
        ),
    )
)
_CALLEE = frozenset({"user", "human", "caller", "customer", "callee", "contact"})


def canonical(word: str) -> str:
    """The provider's word in one spelling: lower case, underscores."""
    return _SEPARATORS.sub("_", word.strip().lower())


def status_of(word: str | None) -> CallStatus | None:
    """The status a first-generation word names."""
    return _WORDS.get(canonical(word)) if word else None


def status_of_call(call: Mapping[str, Any]) -> CallStatus | None:
    """The status of a call of either generation, by the table above."""
    word = reading.text(call.get("status"))
    known = status_of(word)
    if known is not None or word is None:
        return known
    reason = reading.text(call.get("ended_reason"))
    match canonical(word):
        case "pending":
            return CallStatus.INITIATING
        case "active":
            return CallStatus.IN_PROGRESS if _callee_spoke(call) else CallStatus.RINGING
        case "ended" | "error" as end:
            return _ended(call, reason, failed=end == "error")
        case _:
            return None


def _ended(call: Mapping[str, Any], reason: str | None, *, failed: bool) -> CallStatus | None:
    named = _reason(reason)
    if named is CallStatus.VOICEMAIL:
        return named
    if _callee_spoke(call):
        return CallStatus.COMPLETED
    if named is not None:
        return named
    if failed:
        return CallStatus.FAILED
    lasted = reading.seconds(reading.first(call, "duration_seconds", "duration"))
    return CallStatus.COMPLETED if reason is None and lasted else None


def _reason(reason: str | None) -> CallStatus | None:
    if reason is None:
        return None
    said = canonical(reason)
    return next((status for pattern, status in _REASONS if pattern.search(said)), None)


def _callee_spoke(call: Mapping[str, Any]) -> bool:
    turns = call.get("transcript")
    return isinstance(turns, list) and any(
        canonical(str(turn.get("role"))) in _CALLEE
        and reading.text(reading.first(turn, "content", "text"))
        for turn in turns
        if isinstance(turn, dict)
    )
