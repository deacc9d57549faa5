"""Who may see anything but the webhook door and /livez.

With API keys: whoever shows one. Without: only this machine itself, told by a Host of localhost or
a loopback address and by the absence of every header that a proxy or a tunnel adds, because a
tunnel's requests come from loopback too. Nor is a page from elsewhere that this machine's browser
shows: it may send a POST without asking. A route that does not exist is refused the same way.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from campaigns.web.problems import CLOSE, Problem

_OPEN = ("/livez",)
_OPEN_BELOW = "/hooks/"
_FORWARDED_BY = frozenset(
    {
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-original-host",
        "x-original-url",
        "x-envoy-external-address",
        "client-ip",
        "true-client-ip",
        "fastly-client-ip",
        "fly-client-ip",
        "cdn-loop",
    }
)
_FORWARDED_PREFIXES = ("x-forwarded", "cf-", "ngrok-", "tailscale-")


class Guard:
    """Middleware: lets a request through, or answers 401."""

    def __init__(self, app: ASGIApp, *, api_keys: Sequence[SecretStr]) -> None:
        self._app = app
        self._keys = tuple(key.get_secret_value().encode() for key in api_keys)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or _open(scope["path"]) or self._may(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["why"] = "unauthorized"
        detail = (
            "show one of CAMPAIGNS_API_KEYS as `Authorization: Bearer …`"
            if self._keys
            else "without CAMPAIGNS_API_KEYS only this machine is answered, and no proxy or tunnel"
        )
        refusal = Problem(401, detail, headers={"WWW-Authenticate": "Bearer", **CLOSE})
        await refusal(scope, receive, send)

    def _may(self, headers: Headers) -> bool:
        return shows_key(headers, self._keys) if self._keys else is_local(headers)


def shows_key(headers: Headers, keys: Sequence[bytes]) -> bool:
    """Whether the one Authorization header bears one of the keys; every key is compared."""
    said = headers.getlist("authorization")
    scheme, _, shown = said[0].partition(" ") if len(said) == 1 else ("", "", "")
    token = shown.strip().encode("latin-1", "replace")
    matches = [hmac.compare_digest(token, key) for key in keys]
    return scheme.lower() == "bearer" and any(matches)


def is_local(headers: Headers) -> bool:
    """Whether a request names this machine, and nobody says to have passed it on."""
    for name in headers:
        if name in _FORWARDED_BY or name.startswith(_FORWARDED_PREFIXES):
            return False
    hosts = headers.getlist("host")
    origins = headers.getlist("origin")
    return len(hosts) == 1 and _loopback(hosts[0]) and all(map(_is_ours, origins))


def _is_ours(origin: str) -> bool:
    """Whether a page that a browser sends a request for comes from this machine."""
    scheme, _, host = origin.strip().lower().partition("://")
    return scheme in ("http", "https") and _loopback(host)


def _loopback(host: str) -> bool:
    name = host.strip().lower()
    if name.startswith("["):
        name, bracket, port = name[1:].partition("]")
        if not bracket or (port and not _port(port)):
            return False
    elif ":" in name:
        name, _, port = name.partition(":")
        if not _port(f":{port}"):
            return False
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _port(text: str) -> bool:
    return text[0] == ":" and text[1:].isascii() and (text[1:].isdigit() or text == ":")


def _open(path: str) -> bool:
    return path in _OPEN or path.startswith(_OPEN_BELOW)
