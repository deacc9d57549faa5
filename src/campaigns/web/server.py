"""Run the application under uvicorn: one process, plain HTTP, ten seconds to say goodbye.

TLS, and patience with clients that dawdle over their headers, are a proxy's or tunnel's work.
"""

from __future__ import annotations

import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from campaigns import logs
from campaigns.bootstrap import Installation
from campaigns.errors import ConfigurationError, Fault
from campaigns.web.app import create_app
from campaigns.web.pulse import pulsing

log = structlog.get_logger(__name__)

_GRACE = 6
"""Seconds for requests under way; closing the inbox takes 3 more at most."""
_CONNECTIONS = 2_000


def serve(
    installation: Installation,
    host: str,
    port: int,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Serve until SIGTERM, then return; until Ctrl-C, then raise KeyboardInterrupt.

    `ready` is told the port as soon as requests are answered: with port 0 it is any free one.
    Raises ConfigurationError when the address cannot be listened on. Logs are set up here, so
    that no line of any library leaves unscrubbed.
    """
    settings = installation.settings
    logs.configure(settings.log_level, settings.log_format)
    listener = _listen(host, port)
    config = uvicorn.Config(
        create_app(installation),
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        log_level=settings.log_level,
        http="h11",
        ws="none",
        lifespan="on",
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config, lambda: _started(installation, listener, ready))
    with listener, pulsing(installation.parts):
        server.run(sockets=[listener])
    log.info("stopped_serving")
    if server.interrupted:
        raise KeyboardInterrupt


class _Server(uvicorn.Server):
    """Says when it is ready, and leaves by returning instead of by the signal's default."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self.interrupted = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then tell."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C and SIGTERM end the server; a second Ctrl-C ends it at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            number: signal.signal(number, self.handle_exit)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self.interrupted = signal.SIGINT in self._captured_signals


def _started(
    installation: Installation, listener: socket.socket, ready: Callable[[int], None] | None
) -> None:
    host, port = listener.getsockname()[:2]
    public = installation.settings.public_url is not None
    log.info("serving", host=host, port=port, world=installation.world, webhooks=public)
    if not installation.settings.api_keys and not ipaddress.ip_address(host).is_loopback:
        # Who can reach this address can also claim, in the Host header, to be on this machine.
        log.warning("no_api_keys", host=host, cure="set CAMPAIGNS_API_KEYS")
    if ready is not None:
        ready(port)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
        # Inherited by every connection: asyncio does not see that these are TCP, and without it
        # each answer waits 40 ms for the other side's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, OverflowError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else None
        fault = Fault(
            at="CAMPAIGNS_HTTP_HOST, CAMPAIGNS_HTTP_PORT",
            expected="an address to listen on",
            got=f"{host}:{port} ({why or type(problem).__name__})",
            hint="another process may have it: choose another port",
        )
        raise ConfigurationError([fault]) from None
