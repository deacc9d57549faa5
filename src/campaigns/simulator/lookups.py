"""Everything about calls that were placed: status, lists, transcripts, recordings, hanging up."""

from __future__ import annotations

import hashlib
import hmac
import io
import secrets
import wave
from collections.abc import Mapping
from datetime import UTC, datetime

from campaigns.simulator import bodies
from campaigns.simulator.clocks import heard, said, seconds
from campaigns.simulator.dialling import BadRequest
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.messages import Incoming, Reply, refusal, reply
from campaigns.simulator.model import Call, has_ended, hung_up
from campaigns.simulator.script import dice_for
from campaigns.simulator.settings import SimulatorSettings
from campaigns.simulator.webhooks import Endpoint, deliveries

_EVENTS = ("voice.call.started", "voice.call.ended")


class Office:
    """Answers about the calls in a ledger."""

    def __init__(self, settings: SimulatorSettings, ledger: Ledger) -> None:
        self._settings, self._ledger = settings, ledger

    def status(self, id_: str, at: datetime, key: str) -> Reply:
        """GET /voice/status/{id}."""
        return reply(bodies.session(self._session(id_, key), at))

    def details(self, id_: str, at: datetime, key: str) -> Reply:
        """GET /voice/sessions/{id}."""
        return reply(bodies.details(self._session(id_, key), at))

    def transcript(self, id_: str, at: datetime, key: str) -> Reply:
        """GET /v1/widget/transcript/{id}."""
        return reply(bodies.transcript(self._session(id_, key), at))

    def sessions(self, query: Mapping[str, str], at: datetime, key: str) -> Reply:
        """GET /voice/sessions."""
        limit = _number(query, "limit", 20, least=1, most=100)
        offset = _number(query, "offset", 0, least=0, most=10**9)
        calls, total = self._ledger.sessions(
            key=key,
            at=at,
            limit=limit,
            offset=offset,
            agent_id=query.get("agent_id"),
            status=query.get("status"),
            start=_instant(query, "start_date"),
            end=_instant(query, "end_date"),
            until=at - self._settings.list_lag,
            answered_only=not self._settings.list_unanswered,
        )
        return reply(bodies.page(calls, at, total=total, limit=limit, offset=offset))

    def end(self, id_: str, at: datetime, key: str) -> Reply:
        """POST /voice/end/{id}. A call that is over stays as it is."""
        call = self._session(id_, key)
        if has_ended(call, at):
            return reply(bodies.hung_up(call, at))
        call = hung_up(call, at)
        said_of_it = deliveries(
            call,
            self._ledger.endpoints(),
            self._settings.webhooks,
            dice_for(self._settings.seed + 3, call.call_id, 0),
            after=at,
        )
        self._ledger.hang_up(call, said_of_it, at)
        return reply(bodies.hung_up(call, at))

    def recording(self, id_: str, request: Incoming, at: datetime, key: str) -> Reply:
        """GET /voice/recording/{id}."""
        prefix, _, rest = id_.partition("_")
        call = self._ledger.call(f"call_{rest}", "session_id")
        call = call or self._ledger.call(f"session_{rest}", "session_id")
        if prefix != "rec" or call is None or call.key != key or not bodies.recorded(call, at):
            raise BadRequest(404, "Recording not found")
        expires_at = at + seconds(bodies.URL_LIFE_S)
        url = self._signed_url(call, request, expires_at)
        return reply(bodies.recording(call, at, url=url, expires_at=expires_at))

    def v2(self, id_: str, request: Incoming, at: datetime, key: str) -> Reply:
        """GET /v2/calls/{id}."""
        call = self._ledger.call(id_, "n") if id_.isdecimal() and len(id_) < 19 else None
        if call is None and self._settings.v2_takes_call_id:
            call = self._ledger.call(id_, "call_id")
        if call is None:
            raise BadRequest(404, "Call not found")
        if call.key != key:
            raise BadRequest(403, "Not authorized to access this call")
        url = None
        if bodies.recorded(call, at):
            url = self._signed_url(call, request, at + seconds(bodies.URL_LIFE_S))
        lag_s = self._settings.analysis_lag.total_seconds()
        return reply(bodies.v2(call, at, lag_s=lag_s, recording_url=url))

    def register(self, request: Incoming, at: datetime, key: str) -> Reply:
        """POST /webhooks/endpoints: url, and by choice events and secret."""
        body = request.json if isinstance(request.json, dict) else {}
        url, events = body.get("url"), body.get("events") or list(_EVENTS)
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            raise BadRequest(422, "url: not a web address")
        if not isinstance(events, list) or not set(map(str, events)) <= set(_EVENTS):
            raise BadRequest(422, f"events: any of {', '.join(_EVENTS)}")
        secret = body.get("secret") or f"whsec_{secrets.token_hex(16)}"
        if not isinstance(secret, str):
            raise BadRequest(422, "secret: expected text")
        endpoint = Endpoint(
            id=f"we_{secrets.token_hex(8)}", url=url, secret=secret, events=tuple(events), key=key
        )
        self._ledger.add_endpoint(endpoint)
        shown = {
            "id": endpoint.id,
            "url": url,
            "events": events,
            "secret": secret,
            "created_at": said(at),
        }
        return reply(shown, 201)

    def file(self, name: str, query: Mapping[str, str], at: datetime) -> Reply:
        """GET /recordings/{id}.wav: the pre-signed address; a second of silence."""
        expires = query.get("expires", "")
        right = self._signature(name, expires)
        if not hmac.compare_digest(right, query.get("signature", "")):
            return refusal(403, "the signature does not match")
        if at >= datetime.fromtimestamp(int(expires), UTC):
            return refusal(403, "the address has expired")
        return Reply(body=_silence(), type="audio/wav")

    def _session(self, id_: str, key: str) -> Call:
        call = self._ledger.call(id_, "session_id")
        if call is None or call.key != key:
            raise BadRequest(404, "Session not found")
        return call

    def _signed_url(self, call: Call, request: Incoming, expires_at: datetime) -> str:
        name, expires = f"{call.recording_id}.wav", str(int(expires_at.timestamp()))
        signature = self._signature(name, expires)
        return f"{request.base_url}/recordings/{name}?expires={expires}&signature={signature}"

    def _signature(self, name: str, expires: str) -> str:
        secret = f"recordings|{self._settings.seed}".encode()
        return hmac.new(secret, f"{name}|{expires}".encode(), hashlib.sha256).hexdigest()


def _number(query: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise BadRequest(422, f"{name}: a whole number from {least} to {most}")
    return int(text)


def _instant(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    try:
        # An unescaped + of an offset arrives as a blank.
        return heard(text.replace(" ", "+")) if text else None
    except ValueError:
        raise BadRequest(422, f"{name}: not an ISO 8601 instant") from None


def _silence() -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8000)
    return file.getvalue()
