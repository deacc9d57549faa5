"""The webhook door: what the provider tells us about calls.

In this order: is the address one of ours (nothing is read or looked up before), is the body small
and quick, what does it say, is it committed, and only then 2xx. Whoever cannot prove to be the
provider gets one and the same 404, whatever was wrong.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from campaigns.bootstrap import REHEARSAL, Installation
from campaigns.core.calls import CallEvent
from campaigns.core.outcomes import Source
from campaigns.engine.parts import Parts
from campaigns.engine.record import receive, receive_for_call, receive_unknown
from campaigns.errors import DatabaseAway
from campaigns.provider import webhooks
from campaigns.web.body import BadBody, as_text, read_body
from campaigns.web.inbox import Full, Inbox, Keep
from campaigns.web.limits import Limits, Quota, origin
from campaigns.web.problems import CLOSE, Problem, because


class Hooks:
    """The two webhook routes of one installation."""

    def __init__(self, installation: Installation, inbox: Inbox, limits: Limits) -> None:
        secret = installation.settings.webhook_signing_secret
        self._secret = secret.get_secret_value() if secret else None
        self._keys = installation.keys
        self._account_id = installation.account_id
        self._rehearsal = installation.world == REHEARSAL
        self._inbox = inbox
        self._limits = limits
        self._by_call = Quota(limits.per_call)
        self._by_address = Quota(limits.per_address, seconds=1.0)
        self.rejected: Counter[str] = Counter()

    def add_to(self, app: FastAPI) -> None:
        """Where the provider finds us."""
        for path, answer in (
            ("/hooks/v1/account", self.account),
            ("/hooks/v1/{key_id}/{attempt_id}/{mac}", self.attempt),
        ):
            app.add_api_route(
                path, self._counted(answer), methods=["POST"], include_in_schema=False
            )

    def _counted(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def counted(request: Request) -> Response:
            response = await answer(request)
            if response.status_code >= 400:
                self.rejected[request.state.why] += 1
            return response

        return counted

    async def attempt(self, request: Request) -> Response:
        """An event on one attempt's own address."""
        key_id, attempt_id, mac = (request.path_params[n] for n in ("key_id", "attempt_id", "mac"))
        if self._keys is None or not webhooks.verify(key_id, attempt_id, mac, self._keys):
            return self._slower(request) or _not_here(request, "mac")
        request.state.attempt = attempt_id
        if not self._by_call.allows(attempt_id, time.monotonic()):
            because(request, "too_many")
            return Problem(429, headers={"Retry-After": "60", **CLOSE})
        try:
            body = await self._read(request)
        except BadBody as bad:
            because(request, bad.why)
            return Problem(bad.status, headers=CLOSE)
        said, digest = webhooks.read_event(body), webhooks.digest(body)
        keep = partial(_keep_for_attempt, attempt_id, said, digest, as_text(body))
        match await self._store(request, keep, order=(attempt_id, digest)):
            case True:
                return _taken()
            case False:
                return _not_here(request, "unknown_attempt")
            case refusal:
                return refusal

    async def account(self, request: Request) -> Response:
        """A signed event about any call of the account."""
        # Only its body can tell whether it is genuine, so nobody's is read too often.
        slower = self._slower(request)
        if slower is not None:
            return slower
        if self._secret is None or "x-webhook-signature" not in request.headers:
            return _not_here(request, "unsigned")
        try:
            body = await self._read(request)
        except BadBody as bad:
            return _not_here(request, bad.why)
        genuine = webhooks.read_account_event(
            request.headers, body, self._secret, self._now(request.headers)
        )
        if genuine is None:
            return _not_here(request, "signature")
        delivery, said = genuine
        digest = hashlib.sha256(b"delivery|" + delivery.encode("utf-8", "replace")).hexdigest()
        keep = partial(_keep_for_call, self._account_id, said, digest, as_text(body))
        match await self._store(request, keep, order=("", digest)):
            case True:
                return _taken()
            case False:
                # Someone else's call on the same account: genuine, and nothing of ours.
                because(request, "not_ours")
                return _taken()
            case refusal:
                return refusal

    def _slower(self, request: Request) -> Problem | None:
        """The refusal of an address that sent too much without proof."""
        host = request.client.host if request.client else ""
        if self._by_address.allows(origin(host), time.monotonic()):
            return None
        because(request, "too_many_from_address")
        return Problem(429, headers={"Retry-After": "1", **CLOSE})

    async def _read(self, request: Request) -> bytes:
        limits = self._limits
        return await read_body(request, at_most=limits.body_bytes, within=limits.body_seconds)

    async def _store(
        self, request: Request, keep: Keep, *, order: tuple[str, str]
    ) -> bool | Problem:
        try:
            return await self._inbox.store(keep, order=order, within=self._limits.store_seconds)
        except DatabaseAway:
            because(request, "database_away")
        except TimeoutError:
            because(request, "database_slow")
        except Full:
            because(request, "too_many_waiting")
        again = "the event may not have been stored: send it again"
        return Problem(503, again, headers={"Retry-After": "5"})

    def _now(self, headers: Headers) -> datetime:
        stamp = headers.get("x-webhook-timestamp", "")
        if self._rehearsal and stamp.isascii() and stamp.isdigit() and len(stamp) <= 10:
            # The simulator signs by a clock that jumps ahead; its replays hurt nobody.
            return datetime.fromtimestamp(int(stamp), UTC)
        return datetime.now(UTC)


def _keep_for_attempt(
    attempt_id: str, said: CallEvent, digest: str, body: str, parts: Parts
) -> bool:
    return receive(
        attempt_id, said, digest=digest, body=body, source=Source.WEBHOOK, parts=parts
    ) or receive_unknown(attempt_id, said, digest=digest, body=body, parts=parts)


def _keep_for_call(account_id: int, said: CallEvent, digest: str, body: str, parts: Parts) -> bool:
    return receive_for_call(account_id, said, digest=digest, body=body, parts=parts)


def _taken() -> Response:
    return JSONResponse({"status": "ok"})


def _not_here(request: Request, why: str) -> Problem:
    because(request, why)
    return Problem(404, headers=CLOSE)
