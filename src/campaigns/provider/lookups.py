"""Everything one account asks of the provider that rings no phone.

Each method is one request and counts one slot of the limit named beside it. The world's faults
come back as values; nothing is raised for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

import tenacity

from campaigns.core.calls import (
    Detailed,
    Ended,
    Found,
    HungUp,
    Listed,
    Looked,
    LookupFailed,
    NotThere,
    Recorded,
    Registered,
    SlowDown,
    Transcribed,
    VoiceStarted,
)
from campaigns.provider import messages, sessions
from campaigns.provider.wire import Call, Failure, Reply, Wire
from campaigns.provider.world import DEFAULT_URL, Kind, open_gateway

T = TypeVar("T")
Trouble = SlowDown | LookupFailed

SIMULATED = "a simulator answered a real key: nothing was called; is the provider URL right?"
_CONNECT_S = 5.0
_RATE = re.compile(r"(x-)?rate-?limit|retry-after").match


def utc_now() -> datetime:
    """This machine's wall clock."""
    return datetime.now(UTC)


class Lookups:
    """One account at the provider, without the dial. Safe to share between threads.

    `wire` is the process's HTTP, shared by all accounts; without one it makes its own. `now` dates
    a 429 that names an instant (policy time in a rehearsal). Raises ConfigurationError for a key
    or URL of the wrong world.

    A look-up is asked once: a repeated GET would take a second place in the provider's limit
    under one slot. `lookup_tries=2` repeats only where no connection was made, which cannot have
    counted there.
    """

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = DEFAULT_URL,
        world: Kind = "real",
        wire: Wire | None = None,
        lookup_deadline: float = 10.0,
        lookup_tries: int = 1,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._gateway = open_gateway(api_key=api_key, base_url=base_url, world=world)
        self._key = api_key
        self._wire = wire or Wire()
        self._lookup_deadline = lookup_deadline
        self._tries = max(1, min(lookup_tries, 2))
        self._now = now
        self._rate_headers: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._gateway.world}, {self._gateway.url})"

    def close(self) -> None:
        """Close the wire's idle connections."""
        self._wire.close()

    def rate_headers(self) -> frozenset[str]:
        """Names of the rate-limit headers that answers have carried so far."""
        return self._rate_headers

    def status(self, id: str) -> Looked:
        """GET /voice/status/{id} (limit: status)."""
        return self._session(f"/voice/status/{_part(id)}", id)

    def session(self, id: str) -> Looked:
        """GET /voice/sessions/{id} (limit: sessions)."""
        return self._session(f"/voice/sessions/{_part(id)}", id)

    def call(self, id: str) -> Looked:
        """GET /v2/calls/{id} (limit: other). NotThere: not available there, no fault."""
        return self._session(f"/v2/calls/{_part(id)}", id)

    def details(self, id: str) -> Detailed:
        """GET /v2/calls/{id} (limit: other), with transcript, recording, cost and analysis."""
        got = self._ask("GET", f"/v2/calls/{_part(id)}", id)
        return _read(got, lambda body: sessions.read_v2_call(body, id))

    def sessions(
        self,
        *,
        agent_id: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        status: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> Listed:
        """GET /voice/sessions (limit: sessions), one page of at most 100."""
        asked = {
            "agent_id": agent_id,
            "status": status,
            "start_date": None if start is None else messages.iso(start),
            "end_date": None if end is None else messages.iso(end),
            "limit": str(min(max(limit, 1), 100)),
            "offset": str(max(offset, 0)),
        }
        params = {name: value for name, value in asked.items() if value is not None}
        return _never_gone(
            _read(self._ask("GET", "/voice/sessions", params=params), sessions.read_page)
        )

    def transcript(self, id: str) -> Transcribed:
        """GET /v1/widget/transcript/{id} (limit: other)."""
        got = self._ask("GET", f"/v1/widget/transcript/{_part(id)}", id)
        return _read(got, lambda body: sessions.read_transcript(body, id))

    def recording(self, id: str) -> Recorded:
        """GET /voice/recording/{id} (limit: other)."""
        got = self._ask("GET", f"/voice/recording/{_part(id)}", id)
        return _read(got, lambda body: sessions.read_recording(body, id))

    def end(self, id: str) -> Ended:
        """POST /voice/end/{id} (limit: other): hang up. Harmless to repeat."""
        got = self._ask("POST", f"/voice/end/{_part(id)}", id)
        return HungUp() if isinstance(got, Reply) else got

    def start_voice(self, agent_id: str, context: Mapping[str, Any]) -> VoiceStarted:
        """POST /voice/start (limit: voice_start): a WebRTC session, no phone rings."""
        body = {"agent_id": agent_id, "context": dict(context)}
        got = self._ask("POST", "/voice/start", body=body)
        return _never_gone(_read(got, sessions.read_voice_session))

    def register_webhook(self, url: str, events: Sequence[str]) -> Registered:
        """POST /webhooks/endpoints (limit: other): account-level, signed events."""
        body = {"url": url, "events": list(events)}
        got = self._ask("POST", "/webhooks/endpoints", body=body)
        return _never_gone(_read(got, sessions.read_endpoint))

    def _session(self, path: str, id: str) -> Looked:
        got = self._ask("GET", path, id)
        session = _read(got, lambda body: sessions.read_session(body, id))
        if isinstance(session, NotThere | SlowDown | LookupFailed):
            return session
        return Found(session=session)

    def _ask(
        self,
        method: str,
        path: str,
        id: str | None = None,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Reply | NotThere | Trouble:
        if id is not None and (not id.strip(" .") or len(id) > 300):
            return LookupFailed(why="that is no id")
        try:
            content = None if body is None else json.dumps(body, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError):
            return LookupFailed(why="the request is not JSON: nothing was sent")
        call = self._request(
            method,
            path,
            seconds=self._lookup_deadline,
            connect_s=min(_CONNECT_S, self._lookup_deadline),
            content=content,
            params=params,
        )
        got = self._wire.ask(call) if self._tries == 1 else self._patiently(call)
        return (
            LookupFailed(why=got.why, status=got.status)
            if isinstance(got, Failure)
            else (self._sorted(got))
        )

    def _patiently(self, call: Call) -> Reply | Failure:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._tries),
            wait=tenacity.wait_fixed(0.2),
            retry=tenacity.retry_if_result(lambda got: isinstance(got, Failure) and got.connecting),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        got: Reply | Failure = retrying(self._wire.ask, call)
        return got

    def _sorted(self, reply: Reply) -> Reply | NotThere | Trouble:
        """A reply worth reading, or what its status says instead."""
        status = reply.status
        self._rate_headers |= {name for name in map(str.lower, reply.headers) if _RATE(name)}
        if self._simulated(reply):
            return LookupFailed(why=SIMULATED, status=status, fatal=True)
        if reply.cut:
            return LookupFailed(why="no whole answer within the deadline", status=status)
        if 200 <= status < 300:
            return reply
        if status == 404:
            return NotThere()
        if status == 429:
            return SlowDown(retry_after=messages.read_wait(reply.headers, self._now()))
        said = messages.complaints(reply.body)
        detail = messages.read_detail(status, reply.headers, said, hide=(self._key,))
        return LookupFailed(why=detail, status=status, fatal=status in (401, 402))

    def _simulated(self, reply: Reply) -> bool:
        return self._gateway.world == "real" and "x-simulator" in reply.headers

    def _request(
        self,
        method: str,
        path: str,
        *,
        seconds: float,
        connect_s: float,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Call:
        typed = {} if content is None else {"Content-Type": "application/json"}
        return Call(
            method=method,
            url=self._gateway.url + path,
            headers={
                "Authorization": f"Bearer {self._key}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "campaigns",
                **typed,
                **(headers or {}),
            },
            content=content,
            params=params,
            seconds=seconds,
            connect_s=connect_s,
            near_only=self._gateway.near_only,
        )


def _part(known: str) -> str:
    """An id as one part of a path; it can neither climb nor ask."""
    return quote(known, safe="", errors="replace")


def _read(
    got: Reply | NotThere | Trouble, read: Callable[[bytes], T | None]
) -> T | NotThere | Trouble:
    if not isinstance(got, Reply):
        return got
    value = read(got.body)
    if value is None:
        return LookupFailed(why="an answer that cannot be read", status=got.status)
    return value


def _never_gone(got: T | NotThere | Trouble) -> T | Trouble:
    """Where a 404 names no call, it is a fault like others."""
    return (
        LookupFailed(why="there is no such endpoint or agent", status=404)
        if isinstance(got, NotThere)
        else got
    )
