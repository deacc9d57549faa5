"""Starting a simulator: as a process of its own, or in a thread beside a test."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn

from campaigns.errors import InputError, WorldError
from campaigns.simulator.clocks import Clock, real_clock
from campaigns.simulator.faults import Fault
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.limits import Counting, Kind
from campaigns.simulator.script import DEFAULT_SCRIPT, Script
from campaigns.simulator.server import SimulatorApp
from campaigns.simulator.settings import SimulatorSettings
from campaigns.simulator.webhooks import Endpoint
from campaigns.simulator.wire import OpenProtocol

_BACKLOG = 1024


def _socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio sets TCP_NODELAY only then; else each reply takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InputError(
            f"the simulator cannot listen on {host}:{port} ({error.strerror}); name another port"
        ) from error
    listener.listen(_BACKLOG)
    return listener


def _server(app: SimulatorApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=OpenProtocol,
        ws="none",
        lifespan="on",
        loop="asyncio",
        access_log=False,
        log_config=None,
        log_level="error",
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=1,
        backlog=_BACKLOG,
    )
    return uvicorn.Server(config)


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(
    settings: SimulatorSettings,
    clock: Clock = real_clock,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Run a simulator until SIGTERM or SIGINT. `ready` hears its address once it listens."""
    listener = _socket(settings.host, settings.port)
    ledger = Ledger(settings.ledger_path)
    try:
        app = SimulatorApp(settings, ledger, clock)
        ready(_url(listener))
        _server(app).run(sockets=[listener])
    finally:
        listener.close()
        ledger.close()


def run_simulator(
    *,
    host: str = "127.0.0.1",
    port: int = 8090,
    ledger_path: Path | None = None,
    clock: Clock = real_clock,
    script: Script = DEFAULT_SCRIPT,
    faults: tuple[Fault, ...] = (),
    limits: Mapping[Kind, int] | Mapping[str, int] | None = None,
    counting: Counting = Counting.SLIDING,
    latency_ms: float = 0.0,
    stall_chance: float = 0.0,
    same_ids: bool = True,
    list_unanswered: bool = True,
    list_lag_s: float = 0.0,
    seed: int = 1,
    endpoints: tuple[Endpoint, ...] = (),
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """`serve` with the options a command line offers; the rest stay at their defaults."""
    settings = SimulatorSettings(
        host=host,
        port=port,
        ledger_path=ledger_path,
        script=script,
        faults=faults,
        limits=limits or {},
        counting=counting,
        latency=timedelta(milliseconds=latency_ms),
        stall_chance=stall_chance,
        same_ids=same_ids,
        list_unanswered=list_unanswered,
        list_lag=timedelta(seconds=list_lag_s),
        seed=seed,
        endpoints=endpoints,
    )
    serve(settings, clock, ready)


class SimulatorServer:
    """A simulator in a thread, on a free loopback port.

    with SimulatorServer(limits={"start": 1000}) as provider:
        provider.url, provider.ledger
    """

    def __init__(
        self,
        settings: SimulatorSettings | None = None,
        clock: Clock = real_clock,
        **changes: Any,
    ) -> None:
        self.settings = replace(settings or SimulatorSettings(port=0), **changes)
        self._clock = clock

    def __enter__(self) -> Self:
        listener = _socket(self.settings.host, self.settings.port)
        self.url = _url(listener)
        self.ledger = Ledger(self.settings.ledger_path)
        self.app = SimulatorApp(self.settings, self.ledger, self._clock)
        self._server = _server(self.app)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="simulator", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                listener.close()
                raise WorldError("the simulator did not start; its log says why")
            time.sleep(0.005)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self.ledger.close()
