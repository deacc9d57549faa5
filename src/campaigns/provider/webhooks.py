"""What the provider posts to us: who may say it, and what it says.

A per-call webhook is unsigned, so its address carries a MAC that only we can make, checked before
anything is read or looked up. Account-level ones are signed. A forged `no_answer` would make us
ring someone again; that is what this file prevents.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from campaigns.core.calls import CallEvent, CallStatus
from campaigns.errors import ConfigurationError, Fault
from campaigns.provider import reading, words

TOLERANCE = timedelta(minutes=5)
"""A signed event older or newer than this is a replay."""
UNREADABLE = "unreadable"
"""The word of a body that is no JSON object: stored raw by the door, and it says nothing."""

_MAC_LENGTH = 32  # of base64url: 192 bits
_SHORTEST_SECRET = 16
_ACCOUNT_EVENTS = {"voice.call.started": "", "voice.call.ended": "ended"}


@dataclass(frozen=True, kw_only=True, slots=True)
class HookKeys:
    """The keys of webhook addresses: one that signs, and earlier ones that still verify."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def from_secret(cls, secret: str, previous: Sequence[str] = ()) -> HookKeys:
        """Keys derived from the engine's secret and from those it had before, newest first."""
        derived: dict[str, bytes] = {}
        for one in (secret, *previous):
            if len(one) < _SHORTEST_SECRET:
                expected = f"at least {_SHORTEST_SECRET} characters"
                hint = "it keys the addresses that the provider posts to: make it random"
                raise ConfigurationError(
                    [Fault(at="CAMPAIGNS_SECRET", expected=expected, got=str(len(one)), hint=hint)]
                )
            root = _mac(b"campaigns|hook", one.encode("utf-8", "surrogatepass"))
            derived.setdefault(_mac(root, b"id|v1").hex()[:8], _mac(root, b"key|v1"))
        return cls(current=next(iter(derived)), keys=derived)


def hook_path(keys: HookKeys, attempt_id: str) -> str:
    """The path of one attempt's webhook. It is a credential: never logged."""
    mac = _hook_mac(keys.keys[keys.current], attempt_id)
    return f"/hooks/v1/{keys.current}/{quote(attempt_id, safe='')}/{mac}"


def verify(key_id: str, attempt_id: str, mac: str, keys: HookKeys) -> bool:
    """Whether `mac` is ours for this attempt. Takes as long for every wrong answer."""
    key = keys.keys.get(key_id)
    expected = _hook_mac(key if key is not None else bytes(32), attempt_id)
    agrees = hmac.compare_digest(expected.encode(), mac.encode("utf-8", "replace"))
    return agrees and key is not None


def read_event(body: bytes) -> CallEvent:
    """What a webhook says, in either form. Never raises; an unknown word has status None."""
    payload = reading.parse(body)
    if not isinstance(payload, dict):
        return CallEvent(call_id=None, status=None, word=UNREADABLE)
    inner = reading.mapping(payload.get("data"))
    event = reading.text(payload.get("event")) or ""
    said = {**payload, **inner}
    status, word = _status(event, said)
    return CallEvent(
        call_id=reading.identifier(reading.first(said, "call_id", "session_id", "id")),
        status=status,
        word=word[:100],
        duration_s=reading.seconds(reading.first(said, "duration", "duration_seconds")),
        at=reading.when(reading.first(said, "timestamp", "ended_at")),
    )


def read_account_event(
    headers: Mapping[str, str], body: bytes, secret: str, now: datetime
) -> tuple[str, CallEvent] | None:
    """Delivery id and event of a signed account-level webhook; None when it is not genuine."""
    lower = {name.lower(): value for name, value in headers.items()}
    stamp = lower.get("x-webhook-timestamp", "").strip()
    signature = lower.get("x-webhook-signature", "").strip()
    if not secret or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        return None
    signed = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    genuine = hmac.compare_digest(
        f"sha256={signed}".encode(), signature.lower().encode("utf-8", "replace")
    )
    if not genuine or abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return None
    delivery = reading.identifier(lower.get("x-webhook-delivery-id"))
    # The delivery id is not signed: without one the content stands for it.
    return delivery or digest(body), read_event(body)


def digest(body: bytes) -> str:
    """The same for every spelling of the same JSON: what tells a repetition."""
    try:
        value = json.loads(body)
        said = b"json:" + json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        said = b"raw:" + body
    return hashlib.sha256(said).hexdigest()


def _status(event: str, said: Mapping[str, object]) -> tuple[CallStatus | None, str]:
    """Status and word. Where event and status contradict each other, the higher rank is said."""
    word = reading.text(said.get("status")) or ""
    if event in _ACCOUNT_EVENTS:
        # `started` does not say that someone picked up.
        call = {**said, "status": word or _ACCOUNT_EVENTS[event]}
        started = CallStatus.INITIATING if event == "voice.call.started" else None
        return words.status_of_call(call) or started, word or event
    name = event.rpartition(".")[2]
    named = words.status_of(name)
    told = words.status_of_call(said)
    if named is None or (told is not None and told.rank >= named.rank):
        return told, word or event
    return named, name


def _hook_mac(key: bytes, attempt_id: str) -> str:
    mac = _mac(key, b"hook|v1|" + attempt_id.encode("utf-8", "surrogatepass"))
    return base64.urlsafe_b64encode(mac).decode()[:_MAC_LENGTH]


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()
