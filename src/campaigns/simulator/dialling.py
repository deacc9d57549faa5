"""Placing calls: what a dial or a browser session must say, and what it sets going."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from campaigns.simulator import bodies
from campaigns.simulator.clocks import heard
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.messages import Incoming, Reply, refusal, reply
from campaigns.simulator.model import OUTBOUND, WEB, Call, draw
from campaigns.simulator.rows import Ring
from campaigns.simulator.script import REJECTED, Becomes, Script, dice_for
from campaigns.simulator.settings import SimulatorSettings
from campaigns.simulator.webhooks import deliveries

_E164 = re.compile(r"\+[1-9]\d{6,14}")
_HOOK = re.compile(r"/hooks/v1/[^/]+/([^/]+)/[^/]+/?$")


class BadRequest(Exception):
    """The request cannot be taken as it is; carries the reply."""

    def __init__(self, status: int, detail: str) -> None:
        self.reply = refusal(status, detail)
        super().__init__(detail)


def attempt_hint(webhook_url: str | None) -> str | None:
    """The attempt that an engine wrote into its webhook address, if it did."""
    found = _HOOK.search(urlsplit(webhook_url).path) if webhook_url else None
    return found[1] if found else None


class Exchange:
    """Places calls into a ledger. `script` may be changed while it runs."""

    def __init__(self, settings: SimulatorSettings, ledger: Ledger) -> None:
        self._settings, self._ledger = settings, ledger
        self.script: Script = settings.script
        self.recount()

    def recount(self) -> None:
        """Read from the ledger how often each number was called."""
        self._rung = self._ledger.rings_per_number()
        self._web = self._ledger.count(type_=WEB)

    def dial(self, request: Incoming, at: datetime, key: str) -> Reply:
        """POST /voice/outbound/dial."""
        body = _object(request)
        agent_id = self._agent(body)
        from_number = _text(body, "from_number")
        verified = self._settings.from_numbers
        if not _E164.fullmatch(from_number) or (verified and from_number not in verified):
            raise BadRequest(400, "from_number is not a verified caller ID of this account")
        to_number = _text(body, "to_number")
        if not _E164.fullmatch(to_number):
            raise BadRequest(422, "Invalid to_number: not a valid E.164 phone number")
        scheduled_at = _instant(body, "scheduled_at")
        webhook_url = _optional(body, "webhook_url", str, None)
        if webhook_url is not None and not webhook_url.startswith(("http://", "https://")):
            raise BadRequest(422, "webhook_url: not a web address")
        max_duration = _optional(body, "max_duration", int, 600)
        if isinstance(max_duration, bool) or max_duration < 1:
            raise BadRequest(422, "max_duration: a positive whole number of seconds")
        balance = self._settings.balance
        if balance is not None and self._ledger.count(key=key, type_=OUTBOUND) >= balance:
            raise BadRequest(402, "Insufficient balance")
        nth = self._rung.get(to_number, 0) + 1
        dice = dice_for(self._settings.seed, to_number, nth)
        becomes = self.script.becomes(to_number, agent_id, nth, dice)
        if becomes.status == REJECTED:
            raise BadRequest(422, "to_number is not a number that can be called")
        begins = max(at, scheduled_at) if scheduled_at else at
        call = self._place(
            at,
            nth,
            begins=begins,
            key=key,
            type=OUTBOUND,
            agent_id=agent_id,
            to_number=to_number,
            from_number=from_number,
            context=_optional(body, "context", dict, {}),
            max_duration_s=max_duration,
            recording=_optional(body, "recording", bool, False),
            webhook_url=webhook_url,
            scheduled_at=scheduled_at,
            becomes=becomes,
        )
        ring = Ring(
            call_id=call.call_id,
            to_number=to_number,
            from_number=from_number,
            agent_id=agent_id,
            attempt_hint=attempt_hint(webhook_url),
            placed_at=at,
            rang_at=call.life.ringing_at or begins,
            ended_at=call.life.ended_at,
            context=dict(call.context),
        )
        self._write(call, ring)
        self._rung[to_number] = nth
        return reply(bodies.dialled(call), call_id=call.call_id)

    def start(self, request: Incoming, at: datetime, key: str) -> Reply:
        """POST /voice/start."""
        body = _object(request)
        agent_id = self._agent(body)
        nth = self._web + 1
        becomes = self.script.becomes(None, agent_id, nth, dice_for(self._settings.seed, None, nth))
        if becomes.status == REJECTED:
            becomes = Becomes()
        call = self._place(
            at,
            nth,
            begins=at,
            key=key,
            type=WEB,
            agent_id=agent_id,
            context=_optional(body, "context", dict, {}),
            becomes=becomes,
        )
        self._write(call, None)
        self._web = nth
        token = f"eyJhbGciOiJub25lIn0.{hashlib.sha256(call.call_id.encode()).hexdigest()}."
        return reply(bodies.web_session(call, token=token), call_id=call.call_id)

    def _place(self, at: datetime, nth: int, *, begins: datetime, **what: Any) -> Call:
        settings = self._settings
        to_number = what.get("to_number")
        mark = f"{settings.seed}|{to_number}|{nth}|{at.isoformat()}"
        digest = hashlib.sha256(mark.encode()).hexdigest()
        first = "call_" if what["type"] == OUTBOUND else "session_"
        call_id = first + digest[:16]
        # A fresh die: the script's own draws must not move the phases of a replayed run.
        life = draw(
            what["becomes"],
            type_=what["type"],
            at=begins,
            max_duration_s=what.get("max_duration_s", 600),
            dice=dice_for(settings.seed + 1, to_number, nth),
            pace=settings.pace,
        )
        same = settings.same_ids or what["type"] == WEB
        return Call(
            call_id=call_id,
            session_id=call_id if same else f"session_{digest[16:32]}",
            created_at=at,
            life=life,
            **what,
        )

    def _write(self, call: Call, ring: Ring | None) -> None:
        sent = deliveries(
            call,
            self._ledger.endpoints(),
            self._settings.webhooks,
            dice_for(self._settings.seed + 2, call.call_id, 0),
        )
        self._ledger.add_call(call, ring, sent)

    def _agent(self, body: Mapping[str, Any]) -> str:
        agent_id = _text(body, "agent_id")
        known = self._settings.agents
        if known is not None and agent_id not in known:
            raise BadRequest(400, "agent_id: no such agent on this account")
        return agent_id


def _object(request: Incoming) -> Mapping[str, Any]:
    if not isinstance(request.json, dict):
        raise BadRequest(422, "the body is not a JSON object")
    return request.json


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(422, f"{name}: field required")
    return value


def _optional(body: Mapping[str, Any], name: str, type_: type[Any], default: Any) -> Any:
    value = body.get(name)
    if value is None:
        return default
    if not isinstance(value, type_):
        raise BadRequest(422, f"{name}: expected {type_.__name__}")
    return value


def _instant(body: Mapping[str, Any], name: str) -> datetime | None:
    value = _optional(body, name, str, None)
    try:
        return heard(value) if value is not None else None
    except ValueError:
        raise BadRequest(422, f"{name}: not an ISO 8601 instant") from None
