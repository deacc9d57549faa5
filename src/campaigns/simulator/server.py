"""The simulator as an ASGI application: from a socket to a reply and back.

Latency, stalls and drips pass in real time, between the socket and the provider's door; what
happens behind the door is stamped with the clock that was given.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from random import Random
from urllib.parse import parse_qsl

from campaigns.simulator.clocks import Clock
from campaigns.simulator.control import LOOPBACK, Control
from campaigns.simulator.delivery import Courier
from campaigns.simulator.faults import FaultKind
from campaigns.simulator.ledger import Ledger
from campaigns.simulator.messages import Incoming, Reply, refusal
from campaigns.simulator.provider import Provider, kind_of
from campaigns.simulator.settings import SimulatorSettings
from campaigns.simulator.wire import Message, Receive, Send, body_of, put, stays

_log = logging.getLogger(__name__)


class SimulatorApp:
    """One simulator. Webhooks are delivered between lifespan startup and shutdown."""

    def __init__(self, settings: SimulatorSettings, ledger: Ledger, clock: Clock) -> None:
        self._settings = settings
        self._courier = Courier(ledger, clock, timeout_s=settings.webhook_timeout.total_seconds())
        self.provider = Provider(settings, ledger, clock, self._courier.woken)
        self._control = Control(self.provider)
        self._dice = Random(f"{settings.seed}|wire")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        courier: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                courier = asyncio.create_task(self._courier.run())
                await send({"type": "lifespan.startup.complete"})
                continue
            if courier is not None:
                courier.cancel()
                with suppress(asyncio.CancelledError):
                    await courier
            await send({"type": "lifespan.shutdown.complete"})
            return

    async def _serve(self, scope: Message, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        body = await body_of(scope, receive)
        if body is None:
            return
        request = _incoming(scope, body)
        if request.parts[0] == "_sim":
            await put(self._controlled(scope, request), scope, receive, send)
            return
        reply, out_s = await self._answered(request)
        complete = await stays(receive, out_s) and await put(reply, scope, receive, send)
        if not complete:
            self.provider.ledger.client_left(reply.request, loop.time() - began)

    def _controlled(self, scope: Message, request: Incoming) -> Reply:
        client = scope.get("client")
        if client is None or client[0] not in LOOPBACK:
            return refusal(403, "the simulator is controlled from its own machine only")
        return self._control.answer(request)

    async def _answered(self, request: Incoming) -> tuple[Reply, float]:
        """The reply, and the real seconds its way back takes."""
        fault = self.provider.faults.next(kind_of(request), request.to_number)
        in_s, out_s = self._ways()
        if fault is not None and fault.fault is FaultKind.STALL:
            in_s += fault.seconds
        if in_s:
            await asyncio.sleep(in_s)
        try:
            return self.provider.answer(request, fault), out_s
        except Exception:
            # Not the provider's fault but ours: still an answer that names the simulator.
            _log.exception("simulator: %s %s broke", request.method, request.parts[0])
            return refusal(500, "the simulator broke, see its log"), out_s

    def _ways(self) -> tuple[float, float]:
        """Real seconds of the way in and the way out."""
        settings, dice = self._settings, self._dice
        way = settings.latency.total_seconds() / 2
        ways = [way, way]
        if settings.stall_chance and dice.random() < settings.stall_chance:
            least, most = (length.total_seconds() for length in settings.stall)
            ways[dice.randrange(2)] += dice.uniform(least, most)
        return ways[0], ways[1]


def _incoming(scope: Message, body: bytes) -> Incoming:
    return Incoming(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"))),
        headers={k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]},
        body=body,
    )
