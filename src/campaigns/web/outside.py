"""The outermost layer: one log line per request, a few headers, and no exception gets past it.

The line names the route, never the path: paths of webhooks hold tokens. An exception is told by
its kind and place, never by its text, which may quote a row.
"""

from __future__ import annotations

import time
import traceback
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaigns.web.problems import CLOSE, Problem

log = structlog.get_logger(__name__)

_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_PROBES = ("/livez", "/readyz")


class Outside:
    """Middleware around everything."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.monotonic()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            log.error("web_fault", route=_route(scope), error=type(error).__name__, at=_at(error))
            if status:
                raise
            await Problem(500, headers=CLOSE)(scope, receive, sending)
        finally:
            _tell(scope, status, time.monotonic() - began)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = _route(scope)
    state = scope.get("state", {})
    more = {name: state[name] for name in ("why", "attempt") if name in state}
    tell = log.debug if route in _PROBES and status == 200 else log.info
    tell(
        "http",
        method=scope["method"][:16],
        route=route,
        status=status,
        ms=round(seconds * 1000, 1),
        **more,
    )


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "(none)"))


def _at(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-5:]))
