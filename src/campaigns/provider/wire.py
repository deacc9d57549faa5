"""One HTTP exchange, and what is known when it goes wrong. With failures.py all that knows httpx.

Sent at most once, never redirected, never retried here. A failure says whether anything can have
left: by the class of the exception and by httpcore's trace, and only where both say no is it no.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from campaigns.provider.failures import Aborted, nothing_left, peer_ended, why
from campaigns.provider.guard import Cutoff, Guard, hang_up
from campaigns.provider.world import is_near

ANSWER_BYTES = 8 * 1024 * 1024
"""A longer answer is not one."""
_IDLE_LINES = 8
_KEPT_S = 4.0  # shorter than the 5 s after which common servers hang up on an idle connection


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request. `repr` shows neither where it goes nor what it carries."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(repr=False, default=None)
    params: Mapping[str, str] | None = field(repr=False, default=None)
    seconds: float
    connect_s: float
    near_only: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A whole answer. `cut`: our deadline fell meanwhile. `kept`: more may be asked there."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    cut: bool = False
    kept: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """No whole answer. `sent` False: provably nothing has left."""

    why: str
    sent: bool
    status: int | None = None
    closed_by_us: bool = False
    connecting: bool = False


class Wire:
    """The HTTP of one process, shared by all accounts: a client that dials, lines that look up.

    Building a TLS context costs 10 ms, so there is one. Make it after a fork, not before.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        _silence()
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._dials = _client(self._tls, kept=0)
        self._closed = False
        self._idle: list[_Line] = []
        self._lock = threading.Lock()

    def send_once(self, call: Call, cutoff: Cutoff) -> Reply | Failure:
        """A fresh connection, one request; nothing leaves once `cutoff` has passed."""
        if self._closed:
            return Failure(why="this process is ending: nothing was sent", sent=False)
        guard = Guard(call.seconds)
        try:
            return _exchange(self._dials, call, guard, cutoff)
        finally:
            # Also when an interrupt passes through: what has not left by now must not leave.
            hang_up(guard.finish())

    def ask(self, call: Call) -> Reply | Failure:
        """A look-up, over a connection kept alive where there is one."""
        with self._lock:
            line = self._idle.pop() if self._idle else None
        line = line or _Line(_client(self._tls, kept=1))
        guard = Guard(call.seconds, line.handle)
        line.handle = None
        clean = False
        try:
            got = _exchange(line.client, call, guard, None)
            clean = isinstance(got, Reply) and got.kept and not got.cut
        finally:
            line.handle = guard.finish()
            with self._lock:
                keep = clean and not self._closed and len(self._idle) < _IDLE_LINES
                if keep:
                    self._idle.append(line)
            if not keep:
                line.close()
        return got

    def close(self) -> None:
        """Dial no more and close what is idle. Requests under way end by themselves.

        The dialling client is not closed: that would cut its calls under way, and it keeps none.
        """
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for line in idle:
            line.close()


class _Line:
    """A client with at most one connection, and the handle that can cut it."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.handle: socket.socket | None = None

    def close(self) -> None:
        self.client.close()
        hang_up(self.handle)
        self.handle = None


class _Watch:
    """Sees each step of an exchange as httpcore's trace tells it, and stops what must not go on."""

    def __init__(self, guard: Guard, cutoff: Cutoff | None, near_only: bool) -> None:
        self._guard = guard
        self._cutoff = cutoff
        self._near_only = near_only
        self.left = False

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        match event:
            case "connection.connect_tcp.complete":
                self._connected(info["return_value"])
            case "http11.send_request_headers.started":
                self._may_leave()
                self.left = True
            case "http11.send_request_headers.failed":
                # A request that cannot be written as HTTP is refused before its first byte.
                name = type(info.get("exception")).__name__
                self.left = name != httpx.LocalProtocolError.__name__
            case _:
                return

    def _connected(self, stream: Any) -> None:
        try:
            self._guard.hold(stream.get_extra_info("socket"))
            peer = str(stream.get_extra_info("server_addr")[0]) if self._near_only else ""
        except OSError as fault:
            stream.close()
            raise Aborted("the new connection broke at once") from fault
        if self._near_only and not is_near(peer):
            stream.close()
            raise Aborted("the address is neither loopback nor private: nothing was sent")

    def _may_leave(self) -> None:
        if self._cutoff is not None and self._cutoff.left() <= 0:
            raise Aborted("too late: the intent to call had expired")
        if self._guard.fired:
            raise Aborted("no connection within the deadline")
        if not self._guard.holds:
            raise Aborted("the connection cannot be watched")


def _exchange(
    client: httpx.Client, call: Call, guard: Guard, cutoff: Cutoff | None
) -> Reply | Failure:
    watch = _Watch(guard, cutoff, call.near_only)
    status: int | None = None
    try:
        if cutoff is not None and cutoff.left() <= 0:
            raise Aborted("too late: the intent to call had expired")
        request = client.build_request(
            call.method,
            call.url,
            headers=dict(call.headers),
            content=call.content,
            params=call.params,
            # The guard ends every exchange; httpx's own limits stand behind it.
            timeout=httpx.Timeout(call.seconds + 2, connect=call.connect_s),
            extensions={"trace": watch},
        )
        _start(guard)
        response = client.send(request, stream=True)
        try:
            status = response.status_code
            body = _body(response)
        finally:
            response.close()
    except Exception as fault:
        # An unforeseen one too: what nobody knows is unknown, not an error of the engine.
        return _failure(fault, watch, guard, status)
    said = response.headers.get("connection", "").lower()
    return Reply(
        status=status,
        headers=response.headers,
        body=body,
        cut=guard.fired,
        kept=response.http_version == "HTTP/1.1" and "close" not in said,
    )


def _start(guard: Guard) -> None:
    try:
        guard.start()
    except RuntimeError as fault:
        raise Aborted("no thread for the deadline") from fault


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise httpx.DecodingError("too long")
    return bytes(body)


def _failure(fault: Exception, watch: _Watch, guard: Guard, status: int | None) -> Failure:
    sent = watch.left or not nothing_left(fault)
    return Failure(
        why=why(fault, cut=guard.fired, sent=sent),
        sent=sent,
        status=status,
        closed_by_us=sent and (guard.fired or not (status is not None or peer_ended(fault))),
        connecting=not sent and isinstance(fault, httpx.ConnectError),
    )


def _client(tls: ssl.SSLContext, *, kept: int) -> httpx.Client:
    return httpx.Client(
        transport=httpx.HTTPTransport(
            verify=tls,
            trust_env=False,
            http1=True,
            http2=False,
            retries=0,
            limits=httpx.Limits(
                max_connections=None, max_keepalive_connections=kept, keepalive_expiry=_KEPT_S
            ),
        ),
        trust_env=False,
        follow_redirects=False,
        # One client serves many accounts: no cookie may pass from one to another.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )


def _silence() -> None:
    """URLs at INFO and headers at DEBUG are no business of a log: ids and links are in them."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
