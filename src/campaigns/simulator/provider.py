"""The provider behind its door: key, limit, fault, endpoint, and one committed row per request.

A request is handled from its arrival to the ledger's commit without a pause, in one transaction:
what was counted and what was placed are never apart.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from campaigns.simulator.clocks import Clock
from campaigns.simulator.dialling import BadRequest, Exchange
from campaigns.simulator.faults import PLACED, Fault, FaultBook, FaultKind
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.limits import Granted, Kind, Limiter, Refused
from campaigns.simulator.lookups import Office
from campaigns.simulator.messages import Incoming, Reply, Wire, refusal, reply
from campaigns.simulator.rows import Request, Verdict
from campaigns.simulator.settings import SimulatorSettings

KEY_PREFIX = "sim_"
_NEEDS_SUCCESS = (FaultKind.ERROR_PLACED, FaultKind.HTML_PLACED, FaultKind.NO_CALL_ID)
_NOT_FOUND = refusal(404, "Not Found")
_PAGE = b"<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>"


def kind_of(request: Incoming) -> Kind:
    """Which limit counts a request."""
    match (request.method, *request.parts):
        case ("POST", "voice", "outbound", "dial"):
            return Kind.START
        case ("POST", "voice", "start"):
            return Kind.VOICE_START
        case ("GET", "voice", "status", _):
            return Kind.STATUS
        case ("GET", "voice", "sessions", *_):
            return Kind.SESSIONS
        case _:
            return Kind.OTHER


def hash_of(key: str) -> str:
    """An API key as the ledger knows it."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


class Provider:
    """Answers requests. `woken` is called after each commit that may have set something going."""

    def __init__(
        self,
        settings: SimulatorSettings,
        ledger: Ledger,
        clock: Clock,
        woken: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings, self.ledger, self.clock = settings, ledger, clock
        self.woken = woken
        self.exchange = Exchange(settings, ledger)
        self.office = Office(settings, ledger)
        self.faults = FaultBook(settings.faults, settings.seed)
        self._remember()
        for endpoint in settings.endpoints:
            ledger.add_endpoint(endpoint)

    def _remember(self) -> None:
        """Take the counts up where a killed simulator left them."""
        settings = self.settings
        self._limiter = Limiter(settings.counting, settings.all_limits, settings.window)
        for past in self.ledger.granted_since(self.clock() - 2 * settings.window):
            self._limiter.hit(past.api_key_hash or "", past.kind, past.arrived_at)

    def reset(self) -> None:
        """Forget every call, request and count; the script stays, faults begin anew."""
        self.ledger.reset()
        for endpoint in self.settings.endpoints:
            self.ledger.add_endpoint(endpoint)
        self.exchange.recount()
        self.faults = FaultBook(self.faults.faults, self.settings.seed)
        self._remember()

    def answer(self, request: Incoming, fault: Fault | None = None) -> Reply:
        """The reply to a request that arrives now, already committed."""
        at = self.clock()
        if request.parts[0] == "recordings" and len(request.parts) == 2:
            return self.office.file(request.parts[1], request.query, at)
        with self.ledger.transaction():
            verdict, given = self._judge(request, at, fault)
            row = self.ledger.add_request(
                Request(
                    arrived_at=at,
                    api_key_hash=hash_of(request.bearer) if request.bearer else None,
                    kind=kind_of(request),
                    verdict=verdict,
                    status=given.status if given.wire not in (Wire.CLOSE, Wire.RESET) else None,
                    fault=fault.fault if fault else None,
                    call_id=given.call_id,
                )
            )
        if request.method == "POST":
            self.woken()
        return replace(given, request=row)

    def _judge(self, request: Incoming, at: datetime, fault: Fault | None) -> tuple[Verdict, Reply]:
        key, kind = request.bearer, kind_of(request)
        struck = fault.fault if fault else None
        if not key.startswith(KEY_PREFIX) or struck is FaultKind.UNAUTHORIZED:
            return Verdict.UNAUTHORIZED, refusal(401, "Invalid API key")
        if struck is FaultKind.TOO_MANY:
            waits = fault.retry_after if fault else None
            headers = {} if waits is None else {"retry-after": str(waits)}
            return Verdict.REFUSED, refusal(429, "Rate limit exceeded", headers=headers)
        counted = self._limiter.hit(hash_of(key), kind, at)
        headers = self._rate_headers(kind, counted)
        if isinstance(counted, Refused):
            return Verdict.REFUSED, refusal(429, "Rate limit exceeded", headers=headers)
        if fault is not None and fault.fault not in PLACED:
            given = _without_effect(fault)
        else:
            given = self._route(request, at, hash_of(key))
            if fault is not None:
                given = _spoiled(given, fault)
        return Verdict.GRANTED, replace(given, headers={**headers, **given.headers})

    def _route(self, request: Incoming, at: datetime, key: str) -> Reply:
        try:
            if request.method == "POST":
                given = self._posted(request, at, key)
            elif request.method == "GET":
                given = self._got(request, at, key)
            else:
                return _NOT_FOUND
        except BadRequest as bad:
            return bad.reply
        if self.settings.wrapped and given.status < 400:
            whole = b'{"data": %s, "message": "Success", "status": %d}'
            given = replace(given, body=whole % (given.body, given.status))
        return given

    def _posted(self, request: Incoming, at: datetime, key: str) -> Reply:
        match request.parts:
            case ("voice", "outbound", "dial"):
                return self.exchange.dial(request, at, key)
            case ("voice", "start"):
                return self.exchange.start(request, at, key)
            case ("voice", "end", id_):
                return self.office.end(id_, at, key)
            case ("webhooks", "endpoints"):
                return self.office.register(request, at, key)
            case _:
                return _NOT_FOUND

    def _got(self, request: Incoming, at: datetime, key: str) -> Reply:
        office = self.office
        match request.parts:
            case ("voice", "status", id_):
                return office.status(id_, at, key)
            case ("voice", "sessions"):
                return office.sessions(request.query, at, key)
            case ("voice", "sessions", id_):
                return office.details(id_, at, key)
            case ("v1", "widget", "transcript", id_):
                return office.transcript(id_, at, key)
            case ("voice", "recording", id_):
                return office.recording(id_, request, at, key)
            case ("v2", "calls", id_):
                return office.v2(id_, request, at, key)
            case _:
                return _NOT_FOUND

    def _rate_headers(self, kind: Kind, counted: Granted | Refused) -> dict[str, str]:
        headers: dict[str, str] = {}
        if self.settings.rate_headers:
            left = counted.remaining if isinstance(counted, Granted) else 0
            headers["x-ratelimit-limit"] = str(self._limiter.limit(kind))
            headers["x-ratelimit-remaining"] = str(left)
            headers["x-ratelimit-reset"] = str(math.ceil(counted.reset_at.timestamp()))
        if isinstance(counted, Refused) and self.settings.retry_after:
            headers["retry-after"] = str(math.ceil(counted.retry_after.total_seconds()))
        return headers


def _without_effect(fault: Fault) -> Reply:
    """The answer of a fault that keeps the request from its endpoint."""
    match fault.fault:
        case FaultKind.NO_BALANCE:
            return refusal(402, "Insufficient balance")
        case FaultKind.ERROR_NOT_PLACED:
            return refusal(fault.status, "Internal Server Error")
        case FaultKind.HTML:
            return Reply(body=_PAGE, type="text/html; charset=utf-8")
        case _:
            return Reply(wire=Wire.RESET if fault.reset else Wire.CLOSE)


def _spoiled(given: Reply, fault: Fault) -> Reply:
    """What a fault leaves of the answer to a request that had its effect."""
    if given.status >= 400 and fault.fault in _NEEDS_SUCCESS:
        return given
    match fault.fault:
        case FaultKind.LOST_AFTER_RINGING:
            return replace(given, wire=Wire.RESET if fault.reset else Wire.CLOSE)
        case FaultKind.ERROR_PLACED:
            broken = refusal(fault.status, "Internal Server Error")
            return replace(given, status=fault.status, body=broken.body)
        case FaultKind.HTML_PLACED:
            return replace(given, body=_PAGE, type="text/html; charset=utf-8")
        case FaultKind.NO_CALL_ID:
            return replace(given, body=reply({"status": "initiating"}).body)
        case FaultKind.CUT_OFF:
            return replace(given, wire=Wire.CUT)
        case FaultKind.SLOW:
            return replace(given, seconds=fault.seconds)
        case FaultKind.DRIP:
            return replace(given, wire=Wire.DRIP, seconds=fault.seconds)
        case _:
            return given
