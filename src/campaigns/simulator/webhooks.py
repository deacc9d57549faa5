"""What is sent to webhook addresses, and when: pure.

Two kinds, as on the provider's pages: unsigned events to a call's own `webhook_url`, and signed
events to the account's registered endpoints. Delivering them is delivery.py's work.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from campaigns.simulator.bodies import Json
from campaigns.simulator.clocks import said, seconds
from campaigns.simulator.model import Call, Phase, phases, talked_s

RETRY_WAITS = (timedelta(seconds=10), timedelta(seconds=60), timedelta(seconds=300))
"""Policy time between a delivery that failed and its repetition; after the last it is given up."""


class Form(StrEnum):
    """The bodies that the provider has been seen to send to a call's own address."""

    EVENT = "event"
    OLDER = "older"  # without `event` and `duration`
    MIXED = "mixed"  # either, by chance


class DeliveryState(StrEnum):
    """What has become of a delivery."""

    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"
    DROPPED = "dropped"  # by option: it never leaves
    WITHDRAWN = "withdrawn"  # its call was hung up before that


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookOptions:
    """What goes wrong on the way: chances from 0 to 1, `delay_s` in policy seconds."""

    form: Form = Form.EVENT
    drop: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    delay_s: tuple[float, float] = (30.0, 300.0)
    reorder: float = 0.0  # an event leaves only after the one that follows it


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """An account-level address. `key` None: it hears of the calls of every key."""

    id: str
    url: str = field(repr=False)
    secret: str = field(repr=False)
    events: tuple[str, ...] = ("voice.call.started", "voice.call.ended")
    key: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One body on its way to one address. A duplicate shares its `delivery_id`."""

    n: int = 0
    delivery_id: str
    call_id: str
    url: str = field(repr=False)
    event: str
    body: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    phase_at: datetime
    due_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0
    last_status: int | None = None


def own_body(call: Call, phase: Phase, form: Form, dice: Random) -> Json:
    """The body for a call's own address."""
    body: Json = {
        "call_id": call.call_id,
        "status": phase.status,
        "timestamp": said(phase.at),
    }
    older = dice.random() < 0.5 if form is Form.MIXED else form is Form.OLDER
    if older:
        return body
    body["event"] = f"call.{phase.status}"
    if phase.at == call.life.ended_at:
        body["duration"] = round(talked_s(call, phase.at))
    return body


def account_event(call: Call, phase: Phase) -> str | None:
    """The account-level event of a phase: a call starts when it is answered."""
    if phase.at == call.life.ended_at and phase.status == call.life.ended_status:
        return "voice.call.ended"
    return "voice.call.started" if phase.status == "in_progress" else None


def account_body(call: Call, phase: Phase, event: str) -> Json:
    """The body for an account's endpoint."""
    ended = phase.at if event == "voice.call.ended" else None
    return {
        "event": event,
        "timestamp": said(phase.at),
        "agent_id": call.agent_id,
        "data": {
            "call_id": call.call_id,
            "session_id": call.session_id,
            "status": phase.status,
            "to_number": call.to_number,
            "from_number": call.from_number,
            "started_at": said(call.life.answered_at or call.created_at),
            "ended_at": said(ended),
            "duration": round(talked_s(call, phase.at)),
            "ended_reason": call.life.ended_reason if ended else None,
        },
    }


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The X-Webhook-Signature of a body."""
    mac = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def deliveries(
    call: Call,
    endpoints: Iterable[Endpoint],
    options: WebhookOptions,
    dice: Random,
    *,
    after: datetime | None = None,
) -> tuple[Delivery, ...]:
    """Everything that will be sent about a call, from its first phase `after` an instant on."""
    if not call.becomes.events:
        return ()
    life = phases(call)
    heard_by = [e for e in endpoints if e.key is None or e.key == call.key]
    found: list[Delivery] = []
    for index, phase in enumerate(life):
        following = life[index + 1].at if index + 1 < len(life) else None
        if after is not None and phase.at < after:
            continue
        for delivery in _about(call, phase, heard_by, options.form, dice):
            found += _on_its_way(delivery, following, options, dice)
    return tuple(found)


def _about(
    call: Call, phase: Phase, endpoints: Iterable[Endpoint], form: Form, dice: Random
) -> Iterator[Delivery]:
    """One delivery for each address that hears of a phase."""

    def to(url: str, event: str, body: Json, secret: str | None) -> Delivery:
        return Delivery(
            delivery_id=f"dlv_{dice.getrandbits(64):016x}",
            call_id=call.call_id,
            url=url,
            event=event,
            body=json.dumps(body, separators=(",", ":")),
            secret=secret,
            phase_at=phase.at,
            due_at=phase.at,
        )

    if call.webhook_url:
        body = own_body(call, phase, form, dice)
        yield to(call.webhook_url, f"call.{phase.status}", body, None)
    event = account_event(call, phase)
    for endpoint in endpoints:
        if event is not None and event in endpoint.events:
            yield to(endpoint.url, event, account_body(call, phase, event), endpoint.secret)


def _on_its_way(
    delivery: Delivery, following: datetime | None, options: WebhookOptions, dice: Random
) -> list[Delivery]:
    """What chance makes of a delivery."""
    if dice.random() < options.drop:
        delivery = replace(delivery, state=DeliveryState.DROPPED)
    due_at = delivery.due_at
    if dice.random() < options.delay:
        due_at += seconds(dice.uniform(*options.delay_s))
    if dice.random() < options.reorder and following is not None:
        due_at = max(due_at, following + seconds(1))
    delivery = replace(delivery, due_at=due_at)
    if dice.random() < options.duplicate:
        return [delivery, replace(delivery, due_at=due_at + seconds(dice.uniform(0, 5)))]
    return [delivery]
